"""Our own subcommands, as data, in the order of `checker --help`.

Owns their names, words and flags. What they do stands in the other files of this folder, which are
imported when a command is called and not before.
"""

from __future__ import annotations

from ..command import Argument, Command, Option

__all__ = ["COMMANDS"]

_MODEL = Argument(
    "model",
    "a built-in model (`checker list`), FILE.py, FILE.py:Class or package.module:Class",
)

_SETTINGS = (
    Option("--variant", "Use a named variant of a built-in model.", metavar="NAME"),
    Option(
        "--set", "Give a constant another value; repeatable.", kind="pair", metavar="CONST=VALUE"
    ),
    Option("--scope", "How many ids a sort has; repeatable.", kind="pair", metavar="SORT=N"),
    Option("--no-fault", "Switch a fault off; repeatable.", many=True, metavar="NAME"),
)

_KEEP_DEAD_LOCALS = Option(
    "--keep-dead-locals",
    "Let locals of processes keep values that nothing will read; more states, equal verdicts.",
    kind="flag",
)

_NO_SYMMETRY = Option(
    "--no-symmetry",
    "Visit every state; without it one of each orbit under renaming ids, unless liveness is asked.",
    kind="flag",
)

_LIMITS = (
    Option("--max-states", "Stop after so many distinct states.", kind="int", metavar="N"),
    Option("--max-seconds", "Stop after so much time.", kind="float", metavar="S"),
    Option("--max-memory", "Stop at 500M, 2G or 75%.", metavar="BYTES"),
)

_OUTPUT = (
    Option(
        "--json", "Print one JSON object (docs/reference/json.md) instead of text.", kind="flag"
    ),
    Option("--out", "Write each trace as an ITF file.", kind="path", metavar="FILE.itf.json"),
    Option("--force", "Let --out replace files that exist.", kind="flag"),
    Option("--strict-vacuity", "Exit with 4 for any warning of vacuity.", kind="flag"),
    Option("--quiet", "No progress, and in text nothing but the verdicts.", kind="flag"),
)

_ENGINE = Option(
    "--engine",
    "Which engine searches; auto begins with the reference and compiles large models.",
    kind="choice",
    choices=("auto", "reference", "native"),
    default="auto",
)

COMMANDS: tuple[Command, ...] = (
    Command(
        "list",
        "List the built-in models, what they claim, and their variants.",
        "checker.commands.catalogue:run",
        options=(Option("--json", "Print JSON.", kind="flag"),),
    ),
    Command(
        "explore",
        "Visit every reachable state of a model and check its properties.",
        "checker.commands.explore:run",
        (_MODEL,),
        (
            *_SETTINGS,
            _KEEP_DEAD_LOCALS,
            _NO_SYMMETRY,
            *_LIMITS,
            Option("--stop-at-first", "Stop at the first property that fails.", kind="flag"),
            _ENGINE,
            Option(
                "--threads",
                "How many threads the native engine takes; one for each core, if not given.",
                kind="int",
                metavar="N",
            ),
            Option(
                "--cross-check",
                "Have the reference repeat every N-th state of the native engine.",
                kind="int",
                metavar="N",
            ),
            Option(
                "--checkpoint",
                "Keep the search in a new file, for `checker resume`; takes the native engine.",
                kind="path",
                metavar="FILE",
            ),
            *_OUTPUT,
            Option(
                "--emit-test",
                "Write each counterexample as a pytest function that drives an adapter.",
                kind="path",
                metavar="FILE.py",
            ),
            Option("--junit", "Write a JUnit file for a CI server.", kind="path", metavar="FILE"),
            Option(
                "--github",
                "Print annotations for GitHub Actions, and add to the job's summary.",
                kind="flag",
            ),
            Option(
                "--sweep",
                "Run once for each number of ids; repeatable, as a product.",
                kind="pair",
                metavar="SORT=1..3",
            ),
        ),
        epilog=(
            "checker explore outbox\n"
            "checker explore outbox --variant no_deduplication --out lost.itf.json\n"
            "checker explore dedup --set commit=KEY_FIRST --scope Worker=1 --no-fault expire"
        ),
    ),
    Command(
        "resume",
        "Go on with a search that was killed, interrupted or stopped by a limit.",
        "checker.commands.resume:run",
        (Argument("checkpoint", "a file that `explore --checkpoint` wrote", kind="path"),),
        (
            Option("--threads", "Another number of threads than before.", kind="int", metavar="N"),
            *_LIMITS,
            *_OUTPUT,
        ),
        epilog=(
            "checker explore two_phase_commit --scope Participant=10 --checkpoint search\n"
            "checker resume search"
        ),
    ),
    Command(
        "simulate",
        "Walk randomly through a model that is too large to explore.",
        "checker.commands.explore:simulate",
        (_MODEL,),
        (
            *_SETTINGS,
            _KEEP_DEAD_LOCALS,
            Option("--seed", "Repeat the walks of an earlier run.", kind="int", metavar="N"),
            Option("--walks", "How many walks.", kind="int", default=1000, metavar="N"),
            Option("--depth", "The most steps of a walk.", kind="int", default=100, metavar="N"),
            Option("--max-seconds", "Stop after so much time.", kind="float", metavar="S"),
            *_OUTPUT,
        ),
    ),
    Command(
        "profile",
        "Show what a model's states are made of, and estimate the next scope.",
        "checker.commands.profile:run",
        (_MODEL,),
        (
            *_SETTINGS,
            _KEEP_DEAD_LOCALS,
            *_LIMITS,
            _ENGINE,
            Option(
                "--sweep",
                "Run once for each number of ids, and show the growth.",
                kind="pair",
                metavar="SORT=1..3",
            ),
            Option("--json", "Print JSON.", kind="flag"),
            Option("--quiet", "No progress.", kind="flag"),
        ),
        epilog="checker profile outbox --sweep OrderId=1..3",
    ),
    Command(
        "prove",
        "Prove a model's properties with Z3, at scopes that cannot be explored.",
        "checker.commands.prove:run",
        (_MODEL,),
        (
            *_SETTINGS,
            Option(
                "--depth",
                "Check every run of up to so many steps.",
                kind="int",
                default=10,
                metavar="N",
            ),
            Option("--k", "Try k-induction up to this k.", kind="int", default=2, metavar="K"),
            Option("--strengthen", "Look for invariants that complete a proof.", kind="flag"),
            Option(
                "--small",
                "The scope at which --strengthen explores; repeatable.",
                kind="pair",
                metavar="SORT=N",
            ),
            Option(
                "--capacity",
                "Give a bag or list another capacity; repeatable.",
                kind="pair",
                metavar="FIELD=N",
            ),
            Option(
                "--timeout",
                "Stop each query of the solver after so much time.",
                kind="float",
                default=60.0,
                metavar="S",
            ),
            Option("--max-seconds", "Stop everything after so much time.", "float", "S"),
            Option("--seed", "The solver's seed.", kind="int", default=0, metavar="N"),
            *(o for o in _OUTPUT if o.name != "--strict-vacuity"),
        ),
        epilog=(
            "checker prove two_phase_commit --scope Participant=50 --strengthen\n"
            "checker prove outbox --variant no_deduplication\n"
            "checker prove dedup --scope MessageId=10 --scope Worker=10"
        ),
    ),
    Command(
        "why",
        "Is this state reachable? Print the shortest way to it, or prove that there is none.",
        "checker.commands.why:run",
        (
            _MODEL,
            Argument(
                "state",
                "FIELD=VALUE or FIELD[KEY]=VALUE, with values as traces print them",
                many=True,
            ),
        ),
        (
            *_SETTINGS,
            Option(
                "--depth",
                "Ask the solver for ways of up to so many steps.",
                kind="int",
                default=10,
                metavar="N",
            ),
            Option("--k", "Try k-induction up to this k.", kind="int", default=2, metavar="K"),
            Option(
                "--timeout",
                "Stop each query of the solver after so much time.",
                kind="float",
                default=60.0,
                metavar="S",
            ),
            Option(
                "--max-states",
                "Where the solver has no answer, explore so many states.",
                kind="int",
                default=100_000,
                metavar="N",
            ),
            Option("--json", "Print JSON.", kind="flag"),
            Option("--quiet", "No progress.", kind="flag"),
        ),
        epilog=(
            "checker why outbox 'unmarked=order0' 'queue=[order0, order0]'\n"
            "checker why two_phase_commit 'phase[participant0]=COMMITTED' "
            "'phase[participant1]=ABORTED'"
        ),
    ),
    Command(
        "mutate",
        "Change the model a little, many times: which properties notice, and which changes nobody?",
        "checker.commands.mutate:run",
        (_MODEL,),
        (
            *_SETTINGS,
            Option(
                "--only",
                "Only this kind of change; repeatable.",
                kind="choice",
                choices=("dropped", "weakened", "swapped", "moved", "ignored"),
                many=True,
            ),
            Option("--all", "List every mutant, not only those that survive.", kind="flag"),
            Option(
                "--max-seconds", "Give a mutant up after so much time.", kind="float", metavar="S"
            ),
            Option("--json", "Print JSON.", kind="flag"),
            Option("--quiet", "No progress.", kind="flag"),
        ),
        epilog="checker mutate outbox\nchecker mutate dedup --only dropped --all",
    ),
    Command(
        "check",
        "Read models and report what the language does not allow, without running them.",
        "checker.commands.check:run",
        (Argument("models", "files or models, as for `explore`", many=True),),
        (Option("--quiet", "Print nothing but mistakes.", kind="flag"),),
    ),
    Command(
        "verify",
        "Run the catalogue's models and compare with what the manifest expects.",
        "checker.commands.verify:run",
        (Argument("models", "only these models", many=True, required=False),),
        (
            Option("--manifest", "A manifest of your own.", kind="path", metavar="FILE.toml"),
            Option("--slow", "Also the runs that are marked slow.", kind="flag"),
            Option(
                "--record",
                "If all is as expected, write the number of orbits into rows that have none.",
                kind="flag",
            ),
            Option("--json", "Print JSON.", kind="flag"),
        ),
    ),
    Command(
        "show",
        "Replay a trace from a file on the reference engine and print it.",
        "checker.commands.show:run",
        (
            Argument("trace", "a file that --out wrote", kind="path"),
            Argument("model", "the model, where the file does not name it", required=False),
        ),
        (Option("--json", "Print JSON.", kind="flag"),),
    ),
    Command(
        "graph",
        "Write the graph of all reachable states.",
        "checker.commands.graph:run",
        (_MODEL,),
        (
            *_SETTINGS,
            _KEEP_DEAD_LOCALS,
            Option("--out", "The file: .dot or .graphml.", kind="path", metavar="FILE"),
            Option("--force", "Replace a file that exists.", kind="flag"),
            Option(
                "--max-states",
                "Stop at so many states, with exit code 3.",
                kind="int",
                default=5000,
                metavar="N",
            ),
        ),
    ),
    Command(
        "tla",
        "Print the model as a TLA+ module; with --out, also its configuration.",
        "checker.commands.tla:tla",
        (_MODEL,),
        (
            *_SETTINGS,
            _KEEP_DEAD_LOCALS,
            Option("--out", "Write MODULE.tla and MODULE.cfg there.", kind="path", metavar="DIR"),
            Option("--force", "Replace files that exist.", kind="flag"),
        ),
    ),
    Command(
        "twin",
        "Compare the model with its TLA+ twin, state by state, under TLC.",
        "checker.commands.tla:twin",
        (
            _MODEL,
            Argument(
                "spec", "a .tla file; without it, what `tla` prints", kind="path", required=False
            ),
        ),
        (
            *_SETTINGS,
            _KEEP_DEAD_LOCALS,
            Option(
                "--max-states",
                "Beyond so many, compare counts, depth and verdicts only.",
                kind="int",
                default=50_000,
                metavar="N",
            ),
            Option("--max-seconds", "For each run of TLC.", kind="float", metavar="S"),
            Option("--json", "Print JSON.", kind="flag"),
        ),
        epilog="checker twin outbox\nchecker twin outbox Outbox.tla --variant no_deduplication",
    ),
    Command(
        "emit ir",
        "Print the model as the engines see it.",
        "checker.commands.emit:ir",
        (_MODEL,),
        (*_SETTINGS, _KEEP_DEAD_LOCALS),
    ),
    Command(
        "emit steps",
        "Print the labelled steps of a model's processes as a table.",
        "checker.commands.steps:run",
        (_MODEL,),
        _SETTINGS,
    ),
    Command(
        "emit layout",
        "Print how the native engine packs a state: the bits of each variable, and of all.",
        "checker.commands.emit_native:layout",
        (_MODEL,),
        _SETTINGS,
    ),
    Command(
        "emit native",
        "Print the Python source that the native engine compiles.",
        "checker.commands.emit_native:native",
        (_MODEL,),
        _SETTINGS,
    ),
    Command(
        "new",
        "Write a small model and its test, to start from.",
        "checker.commands.new:run",
        (Argument("name", "a name such as payment_inbox"),),
        (Option("--dir", "The folder to write to.", kind="path", default=".", metavar="DIR"),),
    ),
)
