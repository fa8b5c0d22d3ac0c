//! JSON objects whose keys are names of tensors.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::limits::{MAX_NAME_BYTES, MAX_STORED_TENSORS};
use crate::error::shortened;

/// Values by the names of tensors, without `__metadata__`. Reading one fails on a name that is there twice or is too long,
/// and on too many names.
pub(super) struct ByTensor<T>(pub BTreeMap<String, T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ByTensor<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Names(PhantomData))
    }
}

struct Names<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Names<T> {
    type Value = ByTensor<T>;

    fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str("an object whose keys are names of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut tensors = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            if name == "__metadata__" {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            if name.len() > MAX_NAME_BYTES {
                return Err(A::Error::custom(format!("the name of tensor {} is too long", shortened(&name))));
            }
            if tensors.len() >= MAX_STORED_TENSORS {
                return Err(A::Error::custom(format!("more than {MAX_STORED_TENSORS} tensors")));
            }
            let value = map.next_value()?;
            if tensors.contains_key(&name) {
                return Err(A::Error::custom(format!("tensor {name} is there twice")));
            }
            tensors.insert(name, value);
        }
        Ok(ByTensor(tensors))
    }
}
