//! The reference's own reader of JSON: slow, plain, and without a number that is rounded.

/// A value as its text says it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    /// `null`, `true`, `false`.
    Word(String),
    /// Written out: sign, digits, point, digits.
    Number(String),
    Text(String),
    List(Vec<Json>),
    /// In the order in which they stand, equal names included.
    Object(Vec<(String, Json)>),
}

/// The value of a whole text; `None` when it is not JSON.
pub(super) fn read(text: &str) -> Option<Json> {
    let mut reader = Reader { rest: text };
    let value = reader.value()?;
    reader.blank();
    reader.rest.is_empty().then_some(value)
}

/// The whole number a value is, also in quotes when `quoted`.
pub(super) fn whole(value: &Json, quoted: bool) -> Option<u64> {
    match value {
        Json::Number(plain) => plain.strip_suffix('.')?.parse().ok(),
        Json::Text(text) if quoted => whole(&read(text)?, false),
        _ => None,
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn blank(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn take(&mut self, mark: char) -> Option<()> {
        self.blank();
        self.rest = self.rest.strip_prefix(mark)?;
        Some(())
    }

    fn next_is(&mut self, mark: char) -> bool {
        self.blank();
        self.rest.starts_with(mark)
    }

    fn value(&mut self) -> Option<Json> {
        self.blank();
        match self.rest.chars().next()? {
            '{' => self.object(),
            '[' => self.list(),
            '"' => self.text().map(Json::Text),
            '-' | '0'..='9' => self.number(),
            _ => self.word(),
        }
    }

    fn object(&mut self) -> Option<Json> {
        let mut fields = Vec::new();
        self.take('{')?;
        while !self.next_is('}') {
            if !fields.is_empty() {
                self.take(',')?;
                self.blank();
            }
            let name = self.text()?;
            self.take(':')?;
            fields.push((name, self.value()?));
        }
        self.take('}')?;
        Some(Json::Object(fields))
    }

    fn list(&mut self) -> Option<Json> {
        let mut items = Vec::new();
        self.take('[')?;
        while !self.next_is(']') {
            if !items.is_empty() {
                self.take(',')?;
            }
            items.push(self.value()?);
        }
        self.take(']')?;
        Some(Json::List(items))
    }

    fn text(&mut self) -> Option<String> {
        let mut escaped = false;
        let inner = self.rest.strip_prefix('"')?;
        let end = inner.find(|c| {
            let closes = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        })?;
        let token = &self.rest[..end + 2];
        self.rest = &self.rest[end + 2..];
        serde_json::from_str(token).ok()
    }

    fn number(&mut self) -> Option<Json> {
        let is_part = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        written_out(token).map(Json::Number)
    }

    fn word(&mut self) -> Option<Json> {
        let word = ["null", "true", "false"]
            .into_iter()
            .find(|word| self.rest.starts_with(word))?;
        self.rest = &self.rest[word.len()..];
        Some(Json::Word(word.into()))
    }
}

/// All digits of a number; one with a huge exponent stands for itself.
fn written_out(token: &str) -> Option<String> {
    let (mantissa, exponent) = token.split_once(['e', 'E']).unwrap_or((token, "0"));
    let exponent: i64 = exponent.parse().ok()?;
    let (sign, unsigned) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    if exponent.abs() > 60 {
        return Some(format!("huge {token}"));
    }
    let zeros = "0".repeat(60);
    let digits = format!("{zeros}{whole}{fraction}{zeros}");
    let point = (60 + whole.len()).checked_add_signed(exponent as isize)?;
    let before = digits[..point].trim_start_matches('0');
    let after = digits[point..].trim_end_matches('0');
    let sign = if before.is_empty() && after.is_empty() {
        ""
    } else {
        sign
    };
    Some(format!("{sign}{before}.{after}"))
}
