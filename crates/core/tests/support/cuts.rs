//! Every way to cut a body.

/// Bodies below this many bytes are also cut in three.
const THREE_WAY: usize = 32;

/// Runs on the body whole, byte by byte, at every two-way cut (the ends too, so that a piece may be empty), and if it is short at
/// every three-way cut.
pub(crate) fn each_cutting(body: &[u8], mut run: impl FnMut(&[&[u8]])) {
    run(&[body]);
    run(&bytes(body));
    for cut in 0..=body.len() {
        let (head, tail) = body.split_at(cut);
        run(&[head, tail]);
        if body.len() < THREE_WAY {
            for second in 0..=tail.len() {
                let (middle, end) = tail.split_at(second);
                run(&[head, middle, end]);
            }
        }
    }
}

/// The body byte by byte.
pub(crate) fn bytes(body: &[u8]) -> Vec<&[u8]> {
    body.chunks(1).collect()
}

/// The body cut into pieces of these lengths, over and over; a length of 0 is an empty piece.
pub(crate) fn pieces<'a>(mut body: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    while lengths.iter().any(|length| *length > 0) && !body.is_empty() {
        for length in lengths {
            let (piece, rest) = body.split_at((*length).min(body.len()));
            pieces.push(piece);
            body = rest;
        }
    }
    pieces.push(body);
    pieces
}

/// The body with every LF replaced by each of the three line ends.
pub(crate) fn with_line_ends(body: &[u8]) -> [Vec<u8>; 3] {
    ["\n", "\r", "\r\n"].map(|end| {
        let lines: Vec<&[u8]> = body.split(|byte| *byte == b'\n').collect();
        lines.join(end.as_bytes())
    })
}
