//! L2TPv2 control connections and calls (RFC 2661), without I/O.
