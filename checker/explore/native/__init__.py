"""Exhaustive search by compiled code: the table of visited states, levels, threads, traces.

store      the table's memory, and the file that keeps every level
workers    threads that expand and insert, each with its share of the table
search     the search, level by level, and what it found
auto       the reference engine first, the compiled one when a model turns out large
"""
