//! Ids and whose they are.

use proptest::prelude::*;

use super::*;

fn scheme(spec: IdScheme) -> Scheme {
    Scheme::new(&spec).unwrap_or_else(|mistake| panic!("{mistake:?}"))
}

fn web() -> Scheme {
    scheme(IdScheme::Text("WEB-{{run}}-{{n:09}}".into()))
}

fn all() -> [Scheme; 5] {
    [
        Scheme::Number,
        Scheme::Uuid,
        Scheme::Ulid,
        web(),
        scheme(IdScheme::Text("{{n:09}}{{run:07}}".into())),
    ]
}

fn run(number: u32) -> RunId {
    RunId::new(number).expect("a run id")
}

#[test]
fn ids_are_what_their_names_promise() {
    let id = |scheme: &Scheme| scheme.id(run(7), 3, 1_795_770_000_123).to_string();
    let [number, uuid, ulid, web, _] = all();
    assert_eq!(id(&number), "7000000003");
    assert_eq!(id(&web), "WEB-7-000000003");
    let made = id(&uuid);
    assert_eq!(made.len(), 36);
    assert_eq!(&made[14..15], "8", "{made}");
    assert!(matches!(&made[19..20], "8" | "9" | "a" | "b"), "{made}");
    // The time of a ULID is its first ten digits, so ids sort by it.
    let made = id(&ulid);
    assert_eq!(made.len(), 26);
    let later = ulid.id(run(7), 2, 1_795_770_000_124).to_string();
    assert!(made[..10] < later[..10], "{made} {later}");
}

proptest! {
    #[test]
    fn an_id_says_whose_it_is(number in 1..=RunId::MAX, k in 0..MAX_ORDERS, due in 0_u64..1 << 48) {
        for scheme in all() {
            let id = scheme.id(run(number), k, due).to_string();
            prop_assert_eq!(scheme.owner_of(&id), Some((run(number), k)), "{}", id);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        for scheme in all() {
            let _ = scheme.owner_of(&text);
        }
    }

    #[test]
    fn foreign_uuids_and_ulids_are_nobodys(bits in any::<u128>()) {
        let of_version = |version: u128| {
            let mut text = String::new();
            put_hyphenated((bits & !(0xf << 76) & !(0b11 << 62)) | version << 76 | 0b10 << 62, &mut text);
            text
        };
        prop_assert_eq!(Scheme::Uuid.owner_of(&of_version(4)), None);
        prop_assert_eq!(Scheme::Uuid.owner_of(&of_version(8)), None);
        let owner = Scheme::Ulid.owner_of(&ulid(bits >> 3));
        prop_assert!(owner.is_none_or(|(owner, _)| owner != run(7)));
    }
}

#[test]
fn the_ends_of_the_range_are_told_apart() {
    for scheme in all() {
        for (number, k) in [
            (1, 0),
            (1, MAX_ORDERS - 1),
            (RunId::MAX, 0),
            (RunId::MAX, MAX_ORDERS - 1),
        ] {
            let id = scheme.id(run(number), k, 0).to_string();
            assert_eq!(scheme.owner_of(&id), Some((run(number), k)), "{id}");
        }
    }
}

#[test]
fn another_spelling_says_whose_it_is_and_a_broken_one_does_not() {
    let uuid = Scheme::Uuid.id(run(7), 3, 0).to_string();
    let ulid = Scheme::Ulid.id(run(7), 3, 1_795_770_000_123).to_string();
    let ours = Some((run(7), 3));
    let digit = if uuid.ends_with('0') { "1" } else { "0" };
    let broken = format!("{}{digit}", &uuid[..35]);
    for (scheme, text, owner) in [
        (Scheme::Number, "7000000003", ours),
        (Scheme::Number, "7000000003.0", ours),
        (Scheme::Number, "7.000000003E9", ours),
        (Scheme::Number, "7000000003.5", None),
        (Scheme::Number, "-7000000003", None),
        (Scheme::Number, "42", None),
        (Scheme::Number, "99999999999999999999", None),
        (Scheme::Uuid, &uuid, ours),
        (Scheme::Uuid, &uuid.to_uppercase(), ours),
        (Scheme::Uuid, &uuid.replace('-', ""), ours),
        (Scheme::Uuid, &broken, None),
        (Scheme::Uuid, &format!("{uuid}0"), None),
        (Scheme::Uuid, &uuid.replace('-', "_"), None),
        (Scheme::Ulid, &ulid, ours),
        (Scheme::Ulid, &ulid.to_lowercase(), ours),
        (Scheme::Ulid, &format!("8{}", &ulid[1..]), None),
        (Scheme::Ulid, &ulid[..25], None),
        (web(), "WEB-7-000000003", ours),
        (web(), "WEB-7-3", None),
        (web(), "web-7-000000003", None),
        (web(), "WEB-7-000000003-1", None),
        (web(), "WEB-0-000000003", None),
        (web(), "WEB-9007199-000000003", None),
    ] {
        assert_eq!(scheme.owner_of(text), owner, "{text}");
    }
}

#[test]
fn a_text_that_cannot_be_read_back_is_refused() {
    let refused = |text: &str| match Scheme::new(&IdScheme::Text(text.into())) {
        Ok(_) => panic!("{text} is accepted"),
        Err(mistake) => mistake.rule,
    };
    assert!(refused("WEB-{{n}}").contains("{{run}}"));
    assert!(refused("WEB-{{run}}").contains("{{n}}"));
    assert!(refused("{{run}}-{{n}}-{{n}}").contains("`{{n}}` once"));
    assert!(refused("{{run}}{{n}}").contains("cannot be told"));
    assert!(refused("{{run}}{{n:09}}").contains("cannot be told"));
    assert!(refused("{{run}}0{{n}}").contains("cannot be told"));
    assert!(refused("{{run}}-{{n}}-{{customer}}").contains("customer"));
    assert!(refused("{{run}}-{{id}}").contains("{{id}}"));
}

#[test]
fn an_id_is_kept_as_json_of_its_kind() {
    for (id, json) in [
        (Id::Number(7), "7"),
        (Id::Text("WEB-7".into()), "\"WEB-7\""),
    ] {
        assert_eq!(serde_json::to_string(&id).expect("plain"), json);
        assert_eq!(serde_json::from_str::<Id>(json).expect("an id"), id);
    }
    for json in ["null", "[1]", "-1", "1.5"] {
        assert!(serde_json::from_str::<Id>(json).is_err(), "{json}");
    }
}
