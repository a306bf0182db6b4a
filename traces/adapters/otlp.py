"""OpenTelemetry's OTLP in JSON: spans, their events, and log records; one export on each line.

Owns the reading of an export, as the collector's file exporter and the SDKs' JSON file exporters
write it. A span is a record that happened after its parent and after what it links to; the events
of a span come in their order. Spans are exported when they end, so nothing is taken from the order
of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import ClassVar

from .base import Adapter, Json, Record, Unreadable, json_object

__all__ = ["Otlp"]

_TRACE = re.compile(r"[0-9a-f]{32}", re.I)
_SPAN = re.compile(r"[0-9a-f]{16}", re.I)
_WHOLE = re.compile(r"-?[0-9]{1,19}")


class Otlp(Adapter):
    """`node` is an attribute of the resource or of the record; without, `service.instance.id`, then
    `service.name`. `event` is an attribute that names the event instead of the span's name.
    `spans`, `events` and `logs` say which of the three are read.
    """

    options: ClassVar = {
        "node": "", "event": "", "seq": "", "spans": "true", "events": "true", "logs": "true",
    }  # fmt: skip
    line_bytes_max: ClassVar = 1 << 26  # a collector's batch has thousands of spans
    orders_nodes: ClassVar = False

    def __init__(self, given: dict[str, str]) -> None:
        super().__init__(given)
        self._spans, self._events = self.flag("spans"), self.flag("events")
        self._logs = self.flag("logs")

    def line(self, text: str) -> Iterator[Record | Unreadable]:
        found = json_object(text)
        if not {"resourceSpans", "resourceLogs", "resourceMetrics"} & found.keys():
            raise Unreadable(
                "no OTLP export: it has neither 'resourceSpans' nor 'resourceLogs'", "field missing"
            )
        for resource, each in _members(found, "resourceSpans", "scopeSpans", "spans"):
            yield from _each(self._span, each, resource)
        if self._logs:
            for resource, each in _members(found, "resourceLogs", "scopeLogs", "logRecords"):
                yield from _each(self._log, each, resource)

    def _span(self, span: Json, resource: Json) -> Iterator[Record | Unreadable]:
        id_ = _span_id(span, "traceId", "spanId")
        own = _attributes(span)
        after = [_span_id(link, "traceId", "spanId") for link in _objects(span, "links")]
        if span.get("parentSpanId"):
            after.insert(0, _span_id(span, "traceId", "parentSpanId"))
        start = _seconds(span, "startTimeUnixNano")
        end = _seconds(span, "endTimeUnixNano")
        status = span.get("status")
        more: Json = {
            "span.kind": span.get("kind", 0),
            "span.status": status.get("code", 0) if isinstance(status, dict) else 0,
            "trace.id": str(span.get("traceId")),
        }
        if self._spans:
            fields = resource | more | own
            event = self._event(fields, span.get("name"))
            yield self._record(event, fields, id_, tuple(after), None, start, end)
        if self._events:
            yield from self._events_of(span, id_, resource | more, end)

    def _events_of(
        self, span: Json, span_id: str, common: Json, end: float
    ) -> Iterator[Record | Unreadable]:
        before: tuple[str, ...] = ()
        for number, each in enumerate(_objects(span, "events")):
            id_ = f"{span_id}#{number}"
            try:
                at = _seconds(each, "timeUnixNano")
                fields = common | _attributes(each)
                event = self._event(fields, each.get("name"))
                yield self._record(event, fields, id_, before, span_id, at, at)
            except Unreadable as why:
                yield why
            before = (id_,)

    def _log(self, log: Json, resource: Json) -> Iterator[Record | Unreadable]:
        fields = resource | _attributes(log)
        body = _value(log.get("body"))
        fields["body"] = body
        name = log.get("eventName") or fields.get("event.name") or body
        within = _span_id(log, "traceId", "spanId") if log.get("spanId") else None
        stamp = "timeUnixNano" if log.get("timeUnixNano", "0") != "0" else "observedTimeUnixNano"
        at = _seconds(log, stamp)
        yield self._record(self._event(fields, name), fields, None, (), within, at, at)

    def _event(self, fields: Json, name: object) -> str:
        if self.given["event"]:
            return self.text_of(fields, self.given["event"], "event")
        if not isinstance(name, str) or not name:
            raise Unreadable("without a name", "field missing")
        return name

    def _record(
        self,
        event: str,
        fields: Json,
        id_: str | None,
        after: tuple[str, ...],
        within: str | None,
        start: float,
        end: float,
    ) -> Record:
        name = self.given["node"]
        if not name:
            name = "resource.service.instance.id"
            name = name if name in fields else "resource.service.name"
        elif name not in fields:
            name = f"resource.{name}"
        node = self.text_of(fields, name, "node")
        seq = self.seq_of(fields, node)
        return Record(event, node, fields, seq, id_, after, within, start, end)


def _each(read: object, each: object, resource: Json) -> Iterator[Record | Unreadable]:
    """One span or log record; what is wrong with it concerns no other."""
    assert callable(read)
    if not isinstance(each, dict):
        yield Unreadable("a span or log record must be an object", "wrong type")
        return
    try:
        yield from read(each, resource)
    except Unreadable as why:
        yield why


def _members(
    found: Json, resources: str, scopes: str, members: str
) -> Iterator[tuple[Json, object]]:
    """The spans or log records of an export, each with the attributes of its resource."""
    for each in _objects(found, resources):
        resource = each.get("resource", {})
        if not isinstance(resource, dict):
            raise Unreadable("'resource' must be an object", "wrong type")
        own = {f"resource.{name}": value for name, value in _attributes(resource).items()}
        for scope in _objects(each, scopes):
            for member in _list(scope, members):
                yield own, member


def _list(found: Json, key: str) -> Iterable[object]:
    value = found.get(key, [])
    if not isinstance(value, list):
        raise Unreadable(f"{key!r} must be a list", "wrong type")
    return value


def _objects(found: Json, key: str) -> Iterator[Json]:
    for each in _list(found, key):
        if not isinstance(each, dict):
            raise Unreadable(f"{key!r} must be a list of objects", "wrong type")
        yield each


def _attributes(found: Json) -> Json:
    """The attributes by name. One that stands there twice gets a value that no field may have."""
    own: Json = {}
    for each in _objects(found, "attributes"):
        name = each.get("key")
        if not isinstance(name, str):
            raise Unreadable("an attribute without 'key'", "field missing")
        own[name] = ["stands twice"] if name in own else _value(each.get("value"))
    return own


def _value(value: object) -> object:
    """An AnyValue: one of its forms. Raises: Unreadable."""
    if value is None or value == {}:
        return None
    if not isinstance(value, dict) or len(value) != 1:
        raise Unreadable("a value must be an object with one form", "wrong type")
    ((form, held),) = value.items()
    if form == "intValue":
        if isinstance(held, str) and _WHOLE.fullmatch(held):
            return int(held)
        if isinstance(held, bool) or not isinstance(held, int):
            raise Unreadable("'intValue' must be a whole number", "wrong type")
    elif form == "arrayValue" and isinstance(held, dict):
        return [each.get("stringValue") for each in _objects(held, "values")]
    elif form in ("arrayValue", "kvlistValue"):
        return [held]  # no id, number or truth value, so no mapping can read it
    return held


def _span_id(found: Json, trace: str, span: str) -> str:
    own, of = found.get(span), found.get(trace)
    if not isinstance(own, str) or not isinstance(of, str):
        raise Unreadable(f"without {trace!r} or {span!r}", "field missing")
    if not _TRACE.fullmatch(of) or not _SPAN.fullmatch(own):
        raise Unreadable("an id that is not 32 or 16 hexadecimal digits", "wrong type")
    return f"{of}/{own}".lower()


def _seconds(found: Json, key: str) -> float:
    value = found.get(key)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Unreadable(f"{key!r} must be a count of nanoseconds", "wrong type")
    return value / 1e9
