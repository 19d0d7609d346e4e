//! `--keylog FILE`: the keys of every session, for finding faults. Whoever has the file can undo the scrambling.
