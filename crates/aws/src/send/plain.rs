//! A reply in which SQS takes all that it was sent, in the form in which it writes one: read in one pass, without memory of its
//! own. A reply in any other form says nothing here, and is left to a parser that knows all of JSON.

/// What a reply says of one message that was taken.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taken<'b> {
    /// The entry's id; of a single message none.
    pub(super) id: &'b str,
    pub(super) message_id: &'b str,
    pub(super) md5_of_body: &'b str,
}

/// The rest of a reply.
struct Rest<'b>(&'b [u8]);

impl<'b> Rest<'b> {
    fn skip(&mut self, text: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    fn next(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    /// A text without escapes, and of ASCII, up to the quote behind it.
    fn text(&mut self) -> Option<&'b str> {
        let length = self.0.iter().position(|&byte| byte == b'"')?;
        let (text, rest) = self.0.split_at(length);
        self.0 = &rest[1..];
        // Without a way out in between, so that it is done for many bytes at once.
        let is_plain = text.iter().fold(true, |plain, &byte| {
            plain & (0x20..0x7f).contains(&byte) & (byte != b'\\')
        });
        std::str::from_utf8(text).ok().filter(|_| is_plain)
    }

    /// What an object says, from behind its opening brace to behind its closing one: the three texts, each once, and
    /// nothing else.
    fn taken(&mut self, has_id: bool) -> Option<Taken<'b>> {
        let (mut id, mut message_id, mut md5) = (None, None, None);
        loop {
            let field = if self.skip(b"\"MessageId\":\"").is_some() {
                &mut message_id
            } else if self.skip(b"\"MD5OfMessageBody\":\"").is_some() {
                &mut md5
            } else if has_id && self.skip(b"\"Id\":\"").is_some() {
                &mut id
            } else {
                return None;
            };
            if field.replace(self.text()?).is_some() {
                return None;
            }
            match self.next()? {
                b',' => {}
                b'}' => break,
                _ => return None,
            }
        }
        Some(Taken {
            id: if has_id { id? } else { "" },
            message_id: message_id?,
            md5_of_body: md5?,
        })
    }
}

/// The reply to `SendMessage`.
pub(super) fn single(body: &[u8]) -> Option<Taken<'_>> {
    let mut rest = Rest(body);
    rest.skip(b"{")?;
    let taken = rest.taken(false)?;
    rest.0.is_empty().then_some(taken)
}

/// The reply to `SendMessageBatch`: each entry is handed to `each`, which is not to be believed unless this ends well.
pub(super) fn batch<'b>(body: &'b [u8], mut each: impl FnMut(Taken<'b>)) -> Option<()> {
    let mut rest = Rest(body);
    rest.skip(b"{\"Successful\":[")?;
    loop {
        rest.skip(b"{")?;
        each(rest.taken(true)?);
        match rest.next()? {
            b',' => {}
            b']' => break,
            _ => return None,
        }
    }
    rest.skip(b"}")?;
    rest.0.is_empty().then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(body: &str) -> Option<Vec<Taken<'_>>> {
        let mut all = Vec::new();
        batch(body.as_bytes(), |taken| all.push(taken))?;
        Some(all)
    }

    #[test]
    fn what_sqs_writes_is_read_in_any_order_of_its_fields() {
        let taken = |id, message_id, md5_of_body| Taken {
            id,
            message_id,
            md5_of_body,
        };
        let body = r#"{"Successful":[{"Id":"0","MessageId":"m0","MD5OfMessageBody":"a"},{"MD5OfMessageBody":"b","MessageId":"m1","Id":"1"}]}"#;
        assert_eq!(
            all(body),
            Some(vec![taken("0", "m0", "a"), taken("1", "m1", "b")])
        );
        let body = br#"{"MD5OfMessageBody":"a","MessageId":""}"#;
        assert_eq!(single(body), Some(taken("", "", "a")));
    }

    #[test]
    fn any_other_form_is_left_to_the_parser() {
        for body in [
            "",
            "{}",
            r#"{"Successful":[]}"#,
            r#"{"Successful":[{"Id":"0","MessageId":"m","MD5OfMessageBody":"a"}]"#,
            r#"{"Successful":[{"Id":"0","MessageId":"m","MD5OfMessageBody":"a"}]} "#,
            r#"{"Successful":[{"Id":"0","MessageId":"m","MD5OfMessageBody":"a"}],"Failed":[]}"#,
            r#"{"Successful":[{"Id":"0","Id":"0","MessageId":"m","MD5OfMessageBody":"a"}]}"#,
            r#"{"Successful":[{"Id":"0","MessageId":"m"}]}"#,
            r#"{"Successful":[{"Id":"0","MessageId":"m","MD5OfMessageBody":"a","MD5OfMessageAttributes":"b"}]}"#,
            r#"{"Successful":[{"Id":0,"MessageId":"m","MD5OfMessageBody":"a"}]}"#,
            r#"{"Successful":[{"Id":"0","MessageId":"\u006d","MD5OfMessageBody":"a"}]}"#,
            r#"{"Successful":[{"Id":"0","MessageId":"mü","MD5OfMessageBody":"a"}]}"#,
            r#"{"Successful":[{"Id":"0","MessageId":"m","MD5OfMessageBody":"a"},]}"#,
            r#"{ "Successful":[{"Id":"0","MessageId":"m","MD5OfMessageBody":"a"}]}"#,
        ] {
            assert_eq!(all(body), None, "{body}");
        }
        for body in [
            "{}",
            r#"{"Id":"0","MessageId":"m","MD5OfMessageBody":"a"}"#,
            r#"{"MessageId":"m","MD5OfMessageBody":"a"}x"#,
        ] {
            assert_eq!(single(body.as_bytes()), None, "{body}");
        }
    }
}
