"""Two-phase commit as in Lamport's TwoPhase.tla, written as IR by hand."""

from __future__ import annotations

from by_hand import eq, lit, model, prop, read, rule

from checker import ir

RM = ir.Sort("Rm")
STATUS = ir.Enum("Status", ("WORKING", "PREPARED", "COMMITTED", "ABORTED"))
PHASE = ir.Enum("Phase", ("INIT", "COMMITTED", "ABORTED"))
STATUSES = ir.Map(RM, STATUS)
RMS = ir.Set(RM)
_rm = ir.Arg("rm", RM)
_rms = read("rm_state", STATUSES)
_tm = read("tm_state", PHASE)
_heard = read("tm_prepared", RMS)
_msgs = read("prepared_msgs", RMS)


def _status(name: str) -> ir.Lit:
    return ir.Lit(name, STATUS)


def _is(name: str) -> ir.Expr:
    return eq(ir.At(_rms, _rm, STATUS), _status(name))


def _becomes(name: str) -> dict[str, ir.Expr]:
    return {"rm_state": ir.Put(_rms, _rm, _status(name), STATUSES)}


def two_phase(participants: int) -> ir.Model:
    """50,816 states with 6 participants, 288 with 3 (TLC's published counts)."""
    one = [ir.Param("rm", RM)]
    init = eq(_tm, ir.Lit("INIT", PHASE))
    commit, abort = read("commit_sent", ir.BOOL), read("abort_sent", ir.BOOL)
    rules = [
        rule(
            "tm_rcv_prepared",
            [ir.Guard(init), ir.Guard(ir.Has(_msgs, _rm))],
            {"tm_prepared": ir.Insert(_heard, _rm, RMS)},
            params=one,
        ),
        rule(
            "tm_commit",
            [ir.Guard(ir.And((init, eq(_heard, ir.Universe(RMS)))))],
            {"tm_state": ir.Lit("COMMITTED", PHASE), "commit_sent": lit(True)},
        ),
        rule(
            "tm_abort",
            [ir.Guard(init)],
            {"tm_state": ir.Lit("ABORTED", PHASE), "abort_sent": lit(True)},
        ),
        rule(
            "rm_prepare",
            [ir.Guard(_is("WORKING"))],
            {**_becomes("PREPARED"), "prepared_msgs": ir.Insert(_msgs, _rm, RMS)},
            params=one,
        ),
        rule("rm_choose_abort", [ir.Guard(_is("WORKING"))], _becomes("ABORTED"), params=one),
        rule("rm_rcv_commit", [ir.Guard(commit)], _becomes("COMMITTED"), params=one),
        rule("rm_rcv_abort", [ir.Guard(abort)], _becomes("ABORTED"), params=one),
    ]
    a, b = ir.Bound("a", RM), ir.Bound("b", RM)
    split = ir.And(
        (
            eq(ir.At(_rms, a, STATUS), _status("ABORTED")),
            eq(ir.At(_rms, b, STATUS), _status("COMMITTED")),
        )
    )
    every = ir.Universe(RMS)
    agree = ir.All("a", every, None, ir.All("b", every, None, ir.Not(split)))
    working = ir.Build("rm", every, None, _status("WORKING"), STATUSES)
    empty: frozenset[object] = frozenset()
    return model(
        {
            "rm_state": (STATUSES, working),
            "tm_state": (PHASE, "INIT"),
            "tm_prepared": (RMS, empty),
            "prepared_msgs": (RMS, empty),
            "commit_sent": (ir.BOOL, False),
            "abort_sent": (ir.BOOL, False),
        },
        rules,
        [prop(ir.PropKind.INVARIANT, agree, name="participants_agree")],
        sorts={"Rm": participants},
    )
