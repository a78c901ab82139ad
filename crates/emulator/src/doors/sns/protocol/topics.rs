//! The operations on topics.

use super::{Done, attributes, page, required, texts};
use crate::doors::Doors;
use crate::doors::sns::attributes::TopicAttributes;
use crate::doors::sns::error::{SnsError, SnsErrorKind};
use crate::doors::sns::registry::Tags;
use crate::doors::sns::{arn, attributes as values};
use crate::query::form::Form;
use crate::query::xml::{element, leaf};
use crate::sqs::is_fifo;

pub(super) fn create(doors: &Doors, form: &Form) -> Result<Done, SnsError> {
    let name = required(form, "Name")?;
    let mut set = TopicAttributes::default();
    let mut is_fifo_topic = false;
    for (attribute, value) in texts(form, "Attributes") {
        match attribute.as_str() {
            "FifoTopic" => is_fifo_topic = values::truth(&attribute, &value)?,
            _ => set.set(&attribute, &value, is_fifo(name))?,
        }
    }
    arn::check_name(name, is_fifo_topic)?;
    doors.create_topic_with(name, set, tags(form))?;
    let mut xml = String::new();
    leaf(&mut xml, "TopicArn", &doors.topic_arn(name));
    Ok(Some(xml))
}

pub(super) fn delete(doors: &Doors, form: &Form) -> Result<Done, SnsError> {
    doors.delete_topic(named(form)?);
    Ok(None)
}

pub(super) fn list(doors: &Doors, form: &Form) -> Result<Done, SnsError> {
    let names = doors.topic_names();
    let (names, next) = page(form, &names)?;
    let mut xml = String::new();
    element(&mut xml, "Topics", |xml| {
        for name in names {
            element(xml, "member", |xml| {
                leaf(xml, "TopicArn", &doors.topic_arn(name))
            });
        }
    });
    if let Some(next) = next {
        leaf(&mut xml, "NextToken", &next);
    }
    Ok(Some(xml))
}

pub(super) fn get_attributes(doors: &Doors, form: &Form) -> Result<Done, SnsError> {
    Ok(Some(attributes(&doors.describe_topic(named(form)?)?)))
}

pub(super) fn set_attributes(doors: &Doors, form: &Form) -> Result<Done, SnsError> {
    let name = required(form, "AttributeName")?;
    let value = form.text("AttributeValue").unwrap_or_default();
    doors.with_topic(named(form)?, |topic| {
        topic.attributes.set(name, value, topic.fifo.is_some())
    })?;
    Ok(None)
}

pub(super) fn tag(doors: &Doors, form: &Form) -> Result<Done, SnsError> {
    let more = tags(form);
    doors.update_tags(resource(form)?, |tags| tags.extend(more))?;
    Ok(Some(String::new()))
}

pub(super) fn untag(doors: &Doors, form: &Form) -> Result<Done, SnsError> {
    let keys = form.members("TagKeys");
    doors.update_tags(resource(form)?, |tags| {
        for key in keys.into_iter().filter_map(Form::value) {
            tags.remove(key);
        }
    })?;
    Ok(Some(String::new()))
}

pub(super) fn list_tags(doors: &Doors, form: &Form) -> Result<Done, SnsError> {
    let tags = doors.update_tags(resource(form)?, |_| {})?;
    let mut xml = String::new();
    element(&mut xml, "Tags", |xml| {
        for (key, value) in &tags {
            element(xml, "member", |xml| {
                leaf(xml, "Key", key);
                leaf(xml, "Value", value);
            });
        }
    });
    Ok(Some(xml))
}

/// The name of the topic that a form is about.
pub(super) fn named(form: &Form) -> Result<&str, SnsError> {
    arn::topic(required(form, "TopicArn")?)
}

fn resource(form: &Form) -> Result<&str, SnsError> {
    let arn = required(form, "ResourceArn")?;
    arn::topic(arn)
        .map_err(|_| SnsError::new(SnsErrorKind::ResourceNotFound, "Resource does not exist"))
}

fn tags(form: &Form) -> Tags {
    let tags = form.members("Tags").into_iter().map(|tag| {
        let text = |name| tag.text(name).unwrap_or_default().to_owned();
        (text("Key"), text("Value"))
    });
    tags.collect()
}
