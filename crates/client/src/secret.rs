//! The names that stand for secrets: one list for redirects, `Debug` output, recordings and logs.

/// The words that make a name secret, on their own or as the beginning or end of a longer word (`authorization`, `apikey`).
const SECRET_WORDS: [&str; 9] =
    ["token", "secret", "key", "auth", "password", "cookie", "session", "credential", "signature"];

/// Words that begin like a secret word but are public: a count of an LLM's tokens, and a server's challenge (`WWW-Authenticate`).
const PUBLIC_WORDS: [&str; 2] = ["tokens", "authenticate"];

/// Whether the value of a header, query parameter or field with this name is a secret.
///
/// The name is split into words at every character that is neither a letter nor a digit, and where a capital follows a small letter.
/// It is secret if one of its words is, begins with or ends in `token`, `secret`, `key`, `auth`, `password`, `cookie`, `session`,
/// `credential` or `signature`. `Idempotency-Key` is not: a repeat without it would not be a repeat.
///
/// ```
/// assert!(tidewire::is_secret_name("X-Api-Key"));
/// assert!(tidewire::is_secret_name("access_token"));
/// assert!(!tidewire::is_secret_name("Content-Type"));
/// ```
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    let words = words(name);
    if words.ends_with(&["idempotency".to_owned(), "key".to_owned()]) {
        return false;
    }
    words.iter().any(|word| {
        !PUBLIC_WORDS.contains(&word.as_str())
            && SECRET_WORDS.iter().any(|secret| word.starts_with(secret) || word.ends_with(secret))
    })
}

/// The words of a name, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_small_letter = false;
    for c in name.chars() {
        let is_boundary = !c.is_alphanumeric() || (after_small_letter && c.is_uppercase());
        if is_boundary {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        after_small_letter = c.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_names() {
        #[rustfmt::skip]
        let names = [
            // A word of the list.
            "authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-Api-Key", "api-key", "x-goog-api-key",
            "Ocp-Apim-Subscription-Key", "X-Auth-Token", "Private-Token", "X-Amz-Security-Token", "X-Amz-Signature",
            "X-Amz-Credential", "Mcp-Session-Id", "x-csrf-token", "key", "token", "auth", "secret", "password",
            "client_secret", "access_token", "db.password", "user[password]", "X-CLIENT-SECRET",
            // A word that begins or ends in one.
            "apikey", "X-ApiKey", "xauth", "sessionid", "credentials", "keys", "authentication",
            "signatures", "passwords", "mykey",
            // Words of names in camel case.
            "apiKey", "accessToken", "idToken", "sessionId", "clientSecretHash", "myTokenValue",
        ];
        for name in names {
            assert!(is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn public_names() {
        #[rustfmt::skip]
        let names = [
            "", "-", "Content-Type", "Accept", "Host", "User-Agent", "Last-Event-ID", "Cache-Control", "Location",
            "Idempotency-Key", "idempotency_key", "idempotencyKey", "X-Idempotency-Key", "X-Request-Id", "traceparent",
            // No word of these begins or ends in one of the list.
            "max_tokens", "maxTokens", "x-ratelimit-remaining-tokens", "WWW-Authenticate", "Proxy-Authenticate",
            "monkeys", "turkeys", "assessment", "prompt", "model", "Keep-Alive",
        ];
        for name in names {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
