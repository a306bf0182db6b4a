"""The boundary from calls to messages: a draft is edited by calls, and submitted by one message.

Claim   A draft that is submitted is sent, as one message with one content, however many copies are
        sent; and nothing is sent of what is still a draft.
Faults  A request handler crashes between any two steps and its command is delivered again; two tabs
        submit; a third one edits; the commit of a session is so slow that its control message
        gives up. A write whose acknowledgement is lost is a crash behind the write.
Source  T. Masternak, S. Pobiega, exactly-once workshop (github.com/exactly-once/workshop), the
        exercises on submitting a cart; https://docs.particular.net/nservicebus/transactional-session/
"""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Annotated, Final

from checker import (
    Bounds,
    Eventually,
    Id,
    LeadsTo,
    Model,
    Steps,
    action,
    at,
    at_rest,
    fault,
    initial,
    invariant,
    liveness,
    process,
    restart,
    when,
    witness,
)


class Tab(Id, scope=2):
    """A tab of the user's browser, and its command to submit the draft."""


class Handoff(Enum):
    """What a command does to the draft and to the queue."""

    TWO_FLAGS = "save that it is accepted, send, save that it is submitted"
    SAVE_THEN_SEND = "save that it is submitted, then send"
    SEND_THEN_SAVE = "send, then save that it is submitted"
    SESSION = "send a control message, then commit the message with the draft"


class State(Enum):
    """How far the draft has come."""

    DRAFT = "can be edited"
    ACCEPTED = "the message is being sent"
    SUBMITTED = "the message is sent"


class Row(Enum):
    """What a control message finds under its session's key."""

    STORED = "the message, to be sent"
    SENT = "the message was sent"
    TOMBSTONE = "the control message has given up"


@dataclass(frozen=True)
class Draft:
    """The draft in its store. Every write compares it with what was read before."""

    state: State = State.DRAFT
    revision: Annotated[int, Bounds(0, 1)] = 0


@dataclass(frozen=True)
class Message:
    """The message. Its id is that of the draft (None), or made by the tab."""

    id: Tab | None
    revision: Annotated[int, Bounds(0, 1)]


class SyncAsyncBoundary(Model):
    """One draft, two tabs whose commands are in a queue, and the messages that they cause."""

    handoff: Final[Handoff] = Handoff.TWO_FLAGS
    id_of_draft: Final[bool] = True  # or is it made by each command?
    edit_accepted: Final[bool] = False  # may a draft be edited that is being sent?
    accept_submitted: Final[bool] = True  # or is it an error if a command finds nothing to do?
    leave_tombstone: Final[bool] = True  # does a control message that gives up stop its session?

    draft: Draft = Draft()
    commands: set[Tab] = set()
    answered: set[Tab] = set()  # "your order is submitted"
    sent: set[Message] = set()
    controls: set[Tab] = set()
    rows: dict[Tab, Row] = {}  # in the draft's store

    @initial
    def both_tabs_submit(self) -> None:
        self.commands = set(Tab)

    @process(fair="weak")
    def submit(self, me: Tab) -> Steps:
        while True:
            yield "load"
            when(me in self.commands)
            draft = self.draft
            message = Message(None if self.id_of_draft else me, draft.revision)
            if draft.state is State.SUBMITTED and not self.accept_submitted:
                continue  # the error: the command is delivered again
            if draft.state is not State.SUBMITTED and self.handoff is Handoff.SESSION:
                yield "send_control"
                self.controls.add(me)
                yield "commit"
                if self.rows.get(me) is Row.TOMBSTONE:
                    self.commands.remove(me)  # answered by an error
                    continue
                if self.draft != draft:
                    continue
                self.draft = replace(draft, state=State.SUBMITTED)
                self.rows[me] = Row.STORED
            elif draft.state is not State.SUBMITTED:
                if self.handoff is Handoff.TWO_FLAGS and draft.state is State.DRAFT:
                    yield "accept"
                    if self.draft != draft:
                        continue
                    draft = replace(draft, state=State.ACCEPTED)
                    self.draft = draft
                if self.handoff is not Handoff.SAVE_THEN_SEND:
                    yield "send"
                    self.sent.add(message)
                yield "save_submitted"
                if self.draft != draft:
                    continue
                self.draft = replace(draft, state=State.SUBMITTED)
                if self.handoff is Handoff.SAVE_THEN_SEND:
                    yield "send_saved"
                    self.sent.add(message)
            yield "acknowledge"
            self.commands.remove(me)
            self.answered.add(me)

    @action
    def edit(self) -> None:
        """Another tab edits the draft, in one call."""
        when(self.draft.revision == 0)
        accepted = self.draft.state is State.ACCEPTED and self.edit_accepted
        when(self.draft.state is State.DRAFT or accepted)
        self.draft = replace(self.draft, revision=1)

    @action(fair="weak")
    def follow_control(self, tab: Tab) -> None:
        """A control message whose row is there has the message sent; else it comes again."""
        when(tab in self.controls and tab in self.rows)
        if self.rows[tab] is Row.STORED:
            self.sent.add(Message(None if self.id_of_draft else tab, self.draft.revision))
            self.rows[tab] = Row.SENT
        self.controls.remove(tab)

    @fault(at_most=1)
    def give_up(self, tab: Tab) -> None:
        """A control message has waited for its row as long as it may."""
        when(tab in self.controls and tab not in self.rows)
        if self.leave_tombstone:
            self.rows[tab] = Row.TOMBSTONE
        self.controls.remove(tab)

    @fault(at_most=1)
    def crash(self, tab: Tab) -> None:
        """The handler forgets the command, which will be delivered again."""
        when(not at(self.submit, tab, "load"))
        restart(self.submit, tab)

    @invariant
    def nothing_is_sent_of_a_draft(self) -> bool:
        return len(self.sent) == 0 or self.draft.state is not State.DRAFT

    @invariant
    def all_copies_have_one_id(self) -> bool:
        return all(all(a.id == b.id for b in self.sent) for a in self.sent)

    @invariant
    def all_copies_have_one_content(self) -> bool:
        return all(all(a.revision == b.revision for b in self.sent) for a in self.sent)

    @invariant
    def what_is_answered_is_sent(self) -> bool:
        """A tab that says "submitted" has its message sent, or stored with its control message."""
        stored = any(tab in self.controls and tab in self.rows for tab in Tab)
        return len(self.answered) == 0 or len(self.sent) > 0 or stored

    @at_rest
    def what_is_submitted_is_sent(self) -> bool:
        return self.draft.state is State.DRAFT or len(self.sent) > 0

    @witness
    def an_edited_draft_is_submitted(self) -> bool:
        return self.draft == Draft(State.SUBMITTED, 1)

    @liveness
    def what_is_accepted_will_be_submitted(self) -> LeadsTo:
        return LeadsTo(self.draft.state is State.ACCEPTED, self.draft.state is State.SUBMITTED)

    @liveness
    def every_command_is_answered(self) -> Eventually:
        return Eventually(len(self.commands) == 0)
