"""Tables inside documents: xlsx and csv read as a stream of rows, and a cache of rows on disk for paging.

Nothing here trusts a file: what it declares (rows, sizes, types) is a hint at most, and every limit is on
what was really read.
"""
