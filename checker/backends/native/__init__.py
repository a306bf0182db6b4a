"""A bound model as machine code: packed states, generated Python, LLVM.

    shapes, codec      how a value is held in bits
    layout             where each variable of a state is
    emitter, access, expressions, collections, rules, emit
                       from IR to Python source over machine ints, which runs as it is
    machine            from that source, and others like it, to LLVM's text
    compile, cache     from there to machine code, kept on disk

Nothing but `compile` imports llvmlite.
"""
