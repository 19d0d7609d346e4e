//! Where the look-up table may hold a key: the software twin of `fogline_hdl::table`.

use super::{Entry, Kind};

/// Words of a seed.
pub const SEED_WORDS: usize = 6;
/// Bits that a hash has.
pub const HASH_BITS: usize = 17;
/// One hash function: 192 bits, the first word lowest.
pub type Seed = [u32; SEED_WORDS];

/// The Toeplitz hash of a key. The key is a string of 162 bits: kind (2, lowest bit first), peer (byte 0 first, each
/// lowest bit first), then session id (16) and tunnel id (16). Bit j of the hash is the XOR of all key bits i that
/// meet a one at bit i + j of the seed.
pub fn toeplitz(kind: Kind, peer: &[u8; 16], ids: u32, seed: &Seed) -> u32 {
    let bit = |i: usize| match i {
        0..2 => kind as usize >> i & 1 == 1,
        2..130 => peer[(i - 2) / 8] >> ((i - 2) % 8) & 1 == 1,
        _ => ids >> (i - 130) & 1 == 1,
    };
    let seed = |i: usize| seed[i / 32] >> (i % 32) & 1;
    let window = |i: usize| (0..HASH_BITS).fold(0, |word, j| word | seed(i + j) << j);
    (0..162)
        .filter(|&i| bit(i))
        .fold(0, |hash, i| hash ^ window(i))
}

/// The eight places that an entry may take in a table of 2^`table` places. Place = 8 x bucket + 4 x function + way,
/// where a function's bucket is the low `table` - 3 bits of its hash. The card finds an entry in any of them; the lowest
/// way of function 0 is looked at first.
///
/// ```
/// use fogline_card::registers::{Entry, Kind, candidate_slots};
/// let entry = Entry { kind: Kind::Pppoe, peer: [0; 16], tunnel: 0, id: 1, session: 0 };
/// let slots = candidate_slots(&entry, &[[0; 6], [0, 0, 0, 0, 20, 0]], 10);
/// assert_eq!(slots, [0, 1, 2, 3, 44, 45, 46, 47]);
/// ```
pub fn candidate_slots(entry: &Entry, seeds: &[Seed; 2], table: u8) -> [u32; 8] {
    let bucket = |function: usize| {
        toeplitz(entry.kind, &entry.peer, entry.ids(), &seeds[function]) & ((1 << (table - 3)) - 1)
    };
    let buckets = [bucket(0), bucket(1)];
    core::array::from_fn(|i| buckets[i / 4] << 3 | i as u32)
}
