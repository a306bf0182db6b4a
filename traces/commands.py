"""The commands that logs add to `checker`, as data.

What they do is imported when they are called.
"""

from __future__ import annotations

from checker.command import Argument, Command, Option

__all__ = ["COMMANDS"]

_FORMAT = Option(
    "--format",
    "The format: jsonl (ours), logfmt, otlp, kcat, pgoutput, wal2json, debezium, "
    "or module:Class; without, what the mapping says.",
    metavar="NAME",
)

_REPLAY = Command(
    "replay",
    "Hold logs of a real service against a model: is there a behaviour that explains them?",
    "checker.traces.replay_command:run",
    (
        Argument("model", "a built-in model, as for `explore`"),
        Argument("logs", "files, also .gz and .zst, or patterns; - is standard input", many=True),
    ),
    (
        Option(
            "--mapping",
            "Which line is which step; a built-in model brings its own.",
            kind="path",
            metavar="FILE.toml",
        ),
        _FORMAT,
        Option("--variant", "Use a named variant of a built-in model.", metavar="NAME"),
        Option(
            "--set",
            "Give a constant another value; repeatable.",
            kind="pair",
            metavar="CONST=VALUE",
        ),
        Option(
            "--scope",
            "At least so many ids of a sort that is not the slices'; repeatable.",
            kind="pair",
            metavar="SORT=N",
        ),
        Option(
            "--ended",
            "No more lines will come: what is still owed in every explanation fails.",
            kind="flag",
        ),
        Option("--strict", "Stop with 2 if a line could not be used.", kind="flag"),
        Option(
            "--max-hidden",
            "Faults in a slice that no line tells of, at most.",
            kind="int",
            metavar="K",
        ),
        Option(
            "--background",
            "Ids that run unseen beside a slice, at most.",
            kind="int",
            default=2,
            metavar="M",
        ),
        Option("--max-width", "Explanations of a slice at once, at most.", kind="int", metavar="N"),
        Option("--max-seconds", "Stop after so much time.", kind="float", metavar="S"),
        Option(
            "--horizon",
            "Close a slice at rest that no line came for in so many lines.",
            kind="int",
            metavar="LINES",
        ),
        Option("--max-open", "Slices open at once, at most.", kind="int", metavar="N"),
        Option(
            "--follow",
            "Go on while the file grows, telling what changes; ends by a signal or --idle.",
            kind="flag",
        ),
        Option(
            "--idle",
            "With --follow: end when the file has not grown for so long.",
            kind="float",
            metavar="SECONDS",
        ),
        Option("--jobs", "Processes that read; 2 for long logs.", kind="int", metavar="N"),
        Option(
            "--monitor",
            "Watch the lines, too, with FILE.py, FILE.py:NAME or MODULE:NAME; repeatable.",
            many=True,
            metavar="WHAT",
        ),
        Option(
            "--no-monitors", "Leave out the monitors that a built-in model brings.", kind="flag"
        ),
        Option(
            "--coverage",
            "Say what of the model the logs have shown; add to what the file has.",
            kind="path",
            metavar="FILE.json",
        ),
        Option("--html", "Write the report as a page, too.", kind="path", metavar="FILE.html"),
        Option(
            "--cut-down",
            "Write the fewest lines of the first rejection that fail alike as a log of their own.",
            kind="path",
            metavar="FILE.jsonl",
        ),
        Option("--force", "Replace the files that --html and --cut-down name.", kind="flag"),
        Option(
            "--json",
            "Print one JSON object (docs/reference/log-format.md) instead of text.",
            kind="flag",
        ),
        Option("--quiet", "No progress, and in text nothing but the verdict.", kind="flag"),
    ),
    epilog="checker replay outbox log.jsonl\nchecker replay outbox logs/*.jsonl.gz --ended --json",
)

_DIAGNOSE = Command(
    "diagnose",
    "Which broken form of a model is a log consistent with? Holds it against all variants.",
    "checker.traces.diagnose_command:run",
    (
        Argument("log", "a file, also .gz or .zst, or a pattern"),
        Argument(
            "models",
            "built-in models; without, all that bring a mapping",
            many=True,
            required=False,
        ),
    ),
    (
        Option("--mapping", "Which line is which step, for one model.", "path", "FILE.toml"),
        _FORMAT,
        Option("--ended", "No more lines will come.", kind="flag"),
        Option(
            "--max-hidden",
            "Faults in a slice that no line tells of, at most.",
            kind="int",
            metavar="K",
        ),
        Option("--json", "Print a JSON list (docs/reference/log-format.md).", kind="flag"),
    ),
    epilog="checker diagnose log.jsonl outbox\nchecker diagnose log.jsonl --json",
)

_LAB_RUN = Command(
    "lab run",
    "Run a lab: real services under injected faults, killed and restarted; keeps their log.",
    "checker.traces.lab_command:run",
    (Argument("lab", "the lab, such as outbox"),),
    (
        Option(
            "--out", "The log to write; never replaces a file.", kind="path", metavar="FILE.jsonl"
        ),
        Option("--seed", "Fixes who is killed, and when.", kind="int", default=1, metavar="N"),
        Option("--variant", "Which form of the services.", default="correct", metavar="NAME"),
        Option("--orders", "How many orders or messages.", kind="int", metavar="N"),
        Option(
            "--faults",
            "How many of each fault, such as kills=8,points=2,late_acks=3,duplicates=3,delays=2,"
            "drops=2,restarts=1; `none` for none.",
            metavar="NAME=N,…",
        ),
        Option("--broker", "nats (the default), rabbitmq or redis.", metavar="NAME"),
        Option(
            "--max-seconds", "Give up after so much time.", kind="float", default=120.0, metavar="S"
        ),
        Option("--quiet", "No progress.", kind="flag"),
    ),
    epilog="checker lab run outbox --seed 7 --out log.jsonl\n"
    "checker lab run outbox --variant no_deduplication --out broken.jsonl",
)

_MAPPING_NEW = Command(
    "mapping new",
    "Draft a mapping by looking at a log: which event may be which rule, which field what.",
    "checker.traces.mapping_command:new",
    (
        Argument("model", "a model, as for `explore`"),
        Argument("log", "a file, also .gz or .zst; - is standard input"),
    ),
    (
        Option("--format", "The format of the log.", default="jsonl", metavar="NAME"),
        Option(
            "--out",
            "The file to write; never replaces one. Without, the draft is printed.",
            kind="path",
            metavar="FILE.toml",
        ),
    ),
    epilog="checker mapping new outbox log.jsonl --out mapping.toml",
)

COMMANDS: tuple[Command, ...] = (_REPLAY, _DIAGNOSE, _MAPPING_NEW, _LAB_RUN)
