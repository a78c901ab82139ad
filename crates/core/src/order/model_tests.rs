//! Models: owners of ids, and what is cut off.

use super::*;

#[test]
fn a_text_is_cut_between_characters() {
    let cut_to = |text: &str, share| {
        let mut text = text.to_owned();
        cut(&mut text, share);
        text
    };
    assert_eq!(cut_to("abcd", 0.5), "ab");
    assert_eq!(cut_to("abc", 0.5), "a");
    assert_eq!(cut_to("aéa", 0.5), "a");
    assert_eq!(cut_to("éa", 0.1), "é", "something is left");
    assert_eq!(cut_to("", 0.5), "");
}

#[test]
fn whose_a_key_is_follows_from_its_id_or_from_run_and_number() {
    let model = Model::lab();
    let owner = |template: &str, text: &str| {
        let template = Template::key(template, model.names()).expect("a template");
        model.owner_in(&template.matches(text)?)
    };
    let run = RunId::new(7).expect("a run id");
    assert_eq!(owner("A#{{id}}", "A#7000000003"), Some((run, 3)));
    assert_eq!(owner("{{run}}/{{n}}", "7/3"), Some((run, 3)));
    assert_eq!(owner("{{run}}/{{n}}", "0/3"), None);
    assert_eq!(owner("A#{{id}}", "A#3"), None);
    assert_eq!(owner("{{n}}", "3"), None);
}

#[test]
fn the_labs_model_is_made_once_and_is_its_specification() {
    assert_eq!(Model::lab(), Model::lab());
    assert_eq!(*Model::lab(), Model::new(lab::lab()).expect("a model"));
    let mut other = lab::lab();
    other.bad.clear();
    assert_ne!(*Model::lab(), Model::new(other).expect("a model"));
}
