pub fn stream(_: &[u8]) {}
