"""Two records of one name, from two places."""

from dataclasses import dataclass

from checker import Model, action


class Mail:
    @dataclass(frozen=True)
    class Message:
        read: bool


class Chat:
    @dataclass(frozen=True)
    class Message:
        sent: bool


class Inbox(Model):
    mail: Mail.Message | None = None
    chat: Chat.Message | None = None

    @action
    def clear(self) -> None:
        self.mail = None
