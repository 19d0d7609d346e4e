//! PAP, CHAP and MS-CHAPv2, and who may call: without I/O.
