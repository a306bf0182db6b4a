"""Search of the state graph."""
