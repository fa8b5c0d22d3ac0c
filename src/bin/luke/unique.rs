//! JSON whose objects have each name once. JSON does not say which of two fields with one name holds, so a program that wrote both is
//! told.

use std::fmt;

use luke_web::error::json_line_reason;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// A value of any kind.
pub struct Unique(pub Value);

/// The object of a text of one line.
///
/// # Errors
/// What is wrong with text that is no JSON object, or that has a name twice.
pub fn object(text: &str) -> Result<Map<String, Value>, String> {
    struct Object(Map<String, Value>);

    impl<'de> Deserialize<'de> for Object {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            struct Fields;

            impl<'de> Visitor<'de> for Fields {
                type Value = Object;

                fn expecting(&self, to: &mut fmt::Formatter) -> fmt::Result {
                    to.write_str("an object")
                }

                fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object, A::Error> {
                    fields(map).map(Object)
                }
            }
            from.deserialize_map(Fields)
        }
    }
    serde_json::from_str(text).map(|Object(fields)| fields).map_err(|error| json_line_reason(&error))
}

/// The error of an object that has a name twice.
pub fn twice<E: Error>(name: &str) -> E {
    E::custom(format!("the field '{name}' is there twice"))
}

fn fields<'de, A: MapAccess<'de>>(mut map: A) -> Result<Map<String, Value>, A::Error> {
    let mut fields = Map::new();
    while let Some(name) = map.next_key::<String>()? {
        if fields.contains_key(&name) {
            return Err(twice(&name));
        }
        let Unique(value) = map.next_value()?;
        fields.insert(name, value);
    }
    Ok(fields)
}

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Any).map(Self)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Value;

    fn expecting(&self, to: &mut fmt::Formatter) -> fmt::Result {
        to.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Unique(item)) = list.next_element()? {
            items.push(item);
        }
        Ok(items.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        fields(map).map(Value::Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_each_name_once_is_read_as_serde_reads_it() {
        for text in
            ["{}", r#"{"a": [true, null, -1, 18446744073709551615, 1.5, 1e30, "é\n"], "b": {"a": {"a": []}}, "": ""}"#]
        {
            assert_eq!(Value::Object(object(text).unwrap()), serde_json::from_str::<Value>(text).unwrap());
        }
    }

    #[test]
    fn a_name_that_is_there_twice_is_refused_at_any_depth() {
        for text in
            [r#"{"a": 1, "a": 1}"#, r#"{"b": {"a": 1, "c": 2, "a": 3}}"#, r#"{"b": [1, {"a": 1, "\u0061": 3}]}"#]
        {
            let said = object(text).unwrap_err();
            assert!(said.starts_with("the field 'a' is there twice (column "), "{said}");
        }
    }

    #[test]
    fn what_is_no_object_is_named() {
        for (text, want) in [
            ("[1]", "must be an object, not a list"),
            ("7", "must be an object, not 7"),
            ("", "is not JSON: it ends where a value should be"),
            ("{", "is not JSON: it ends inside an object"),
            ("{} x", "has more than should be here"),
        ] {
            let said = object(text).unwrap_err();
            assert!(said.starts_with(want), "{text}: {said}");
        }
    }
}
