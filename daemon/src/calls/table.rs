//! The sessions, each in a place of its own: places are dense, so that every other table is an array.

use super::session::{Session, SessionKey};

/// A table of sessions.
pub struct Table<R> {
    places: Vec<Place<R>>,
    free: Vec<u32>,
}

struct Place<R> {
    generation: u32,
    session: Option<Box<Session<R>>>,
}

impl<R> Default for Table<R> {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<R> Table<R> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Puts a session, made from its key, into a free place.
    pub fn insert(&mut self, make: impl FnOnce(SessionKey) -> Session<R>) -> SessionKey {
        let index = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place {
                // The first session's is 0.
                generation: u32::MAX,
                session: None,
            });
            (self.places.len() - 1) as u32
        });
        let place = &mut self.places[index as usize];
        place.generation = place.generation.wrapping_add(1);
        let key = SessionKey {
            index,
            generation: place.generation,
        };
        place.session = Some(Box::new(make(key)));
        key
    }

    /// Takes a session out.
    pub fn remove(&mut self, index: u32) -> Option<Box<Session<R>>> {
        let session = self.places.get_mut(index as usize)?.session.take()?;
        self.free.push(index);
        Some(session)
    }

    /// The session in a place.
    pub fn get_mut(&mut self, index: u32) -> Option<&mut Session<R>> {
        self.places.get_mut(index as usize)?.session.as_deref_mut()
    }

    /// The session of a key, if it is still there.
    pub fn find(&self, key: SessionKey) -> Option<&Session<R>> {
        let place = self.places.get(key.index as usize)?;
        place
            .session
            .as_deref()
            .filter(|session| session.key == key)
    }

    /// Every session, in the order of places from `first` on.
    pub fn iter_from(&self, first: u32) -> impl Iterator<Item = &Session<R>> {
        let places = self.places.get(first as usize..).unwrap_or_default();
        places.iter().filter_map(|place| place.session.as_deref())
    }
}
