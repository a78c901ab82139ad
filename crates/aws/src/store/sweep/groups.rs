//! A FIFO dead-letter queue gives out no more of a group while some of its letters are hidden. A receive of ten letters
//! may end within a group; what it took of that one is shown again, so that the group comes whole with the next.

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};

use super::{BATCH, Sweep, key};
use crate::scenario::FIFO_END;

/// The letters of the last group of a full receive that gave others as well, by their keys. A group of ten letters or more
/// by itself cannot come whole.
pub(super) fn cut_off(messages: &[Message]) -> Vec<u64> {
    let group = |message: &Message| {
        let attributes = message.attributes.as_ref()?;
        attributes
            .get(&MessageSystemAttributeName::MessageGroupId)
            .cloned()
    };
    let Some(last) = messages
        .last()
        .and_then(group)
        .filter(|_| messages.len() >= BATCH)
    else {
        return Vec::new();
    };
    let of_last = messages
        .iter()
        .filter(|message| group(message).as_ref() == Some(&last));
    let of_last: Vec<_> = of_last.collect();
    match of_last.len() < messages.len() {
        true => of_last
            .iter()
            .filter_map(|message| message.message_id.as_deref())
            .map(key)
            .collect(),
        false => Vec::new(),
    }
}

/// What more is to be said of letters of this queue that are not given out.
pub(super) fn told(queue_url: &str) -> &'static str {
    match queue_url.ends_with(FIFO_END) {
        true => {
            "; a FIFO queue gives out the first ten letters of a group alone until they are deleted, which a sweep does in a \
             queue of the run's own (--dead-letters own)"
        }
        false => "",
    }
}

impl Sweep<'_> {
    /// Shows these letters again, as far as they are still hidden.
    pub(super) async fn show_cut_off(&mut self, keys: &[u64]) {
        let of = |key: &u64| Some((*key, self.hidden.get(key)?.handle.clone()));
        let hidden: Vec<_> = keys.iter().filter_map(of).collect();
        if hidden.is_empty() {
            return;
        }
        let handles = hidden.iter().map(|(_, handle)| handle.clone()).collect();
        let left = self.stores.set_visibilities(handles, 0).await;
        for (key, handle) in hidden {
            if !left.contains(&handle) {
                self.hidden.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(groups: &[&str]) -> Vec<Message> {
        let message = |(n, group): (usize, &&str)| {
            let message = Message::builder().message_id(n.to_string());
            let name = MessageSystemAttributeName::MessageGroupId;
            match *group {
                "" => message.build(),
                group => message.attributes(name, group).build(),
            }
        };
        groups.iter().enumerate().map(message).collect()
    }

    #[test]
    fn the_last_group_of_a_full_receive_may_be_cut_off_and_no_other() {
        let ids = |of: &[usize]| of.iter().map(|n| key(&n.to_string())).collect::<Vec<_>>();
        let full = ["a", "a", "b", "b", "b", "c", "c", "c", "d", "d"];
        assert_eq!(cut_off(&received(&full)), ids(&[8, 9]));
        assert_eq!(cut_off(&received(&full[..9])), [0; 0], "there was no more");
        assert_eq!(
            cut_off(&received(&["a"; 10])),
            [0; 0],
            "it never comes whole"
        );
        assert_eq!(cut_off(&received(&[""; 10])), [0; 0], "a standard queue");
        assert_eq!(cut_off(&[]), [0; 0]);
    }
}
