//! Timelines: what happens to a session, what it does, and when. [`timeline`] says how they are written.

mod invariants;
mod timeline;

use alloc::format;
use alloc::vec::Vec;
use core::time::Duration;

use super::*;
use timeline::{Clock, Play, head, holds};

/// Name, policy, timeline, outcome (`-` if the session goes on).
type Timeline = (&'static str, &'static str, &'static str, &'static str);

const BEFORE_THE_REQUEST_IS_SENT: &[Timeline] = &[
    ("no connection", "get", "CnCn.Cn...Cn", "unreachable"),
    ("no connection, others", "post", "CnCn.Cn...Cn", "unreachable"),
    ("no connection, a body that can be read once", "post once", "Cn", "unreachable"),
    ("no connection, no retries", "get retries=0", "Cn", "unreachable"),
    ("no connection, then one", "post", "CnCoe$", "ended"),
    ("no connection, followed", "get follow", "CnCn.Cn...Cn{7}Cn{14}Cn{14}C", "-"),
    ("no connection, after records", "get retries=1", "Coex[C:1]n", "truncated"),
    ("no connection, the request that goes on has no body", "post once elsewhere", "Coex[C:1]n.[C:1]", "-"),
    ("connect limit", "get", "CtCt.Ct...Ct", "timed_out connect"),
    ("connect limit, others", "post", "CtCt.Ct...Ct", "timed_out connect"),
    ("connect limit, then no connection", "get retries=1", "CtCn", "unreachable"),
    ("no connection, then connect limit", "get retries=1", "CnCt", "timed_out connect"),
    ("connect limit, after records", "get retries=1", "Coex[C:1]t", "timed_out connect"),
];

const BEFORE_A_HEAD: &[Timeline] = &[
    ("broke before a head", "get", "CxCx.Cx...Cx", "unreachable"),
    ("broke before a head, others", "post", "Cx", "unreachable"),
    ("broke before a head, body read once", "get once", "Cx", "unreachable"),
    ("broke before a head, others, nothing to resume", "post always", "Cx", "unreachable"),
    ("broke before a head, others, stored cursor", "post always from=7", "[C:7]x", "unreachable"),
    ("broke before a head, a function, stored cursor", "post elsewhere from=7", "[C:7]x", "unreachable"),
    ("broke before a head, resuming", "get", "Coex[C:1]x.[C:1]", "-"),
    ("broke before a head, others, resuming", "post always", "Coex[C:1]x.[C:1]", "-"),
    ("broke before a head, a function, resuming", "post once elsewhere", "Coex[C:1]x.[C:1]", "-"),
    ("broke before a head, resuming, spent", "get retries=1", "Coex[C:1]x", "truncated"),
    ("broke before a head, followed without cursor", "get follow", "Cor[x GAP]Cx.C", "-"),
];

/// The statuses that are retried have rows of their own, made in [`statuses`].
const STATUS: &[Timeline] = &[
    ("a status, then a reply", "get", "C[503]Coe!", "complete"),
    ("Retry-After shorter than the own wait", "get", "C[503]C[503+1].C", "-"),
    ("Retry-After of zero invites", "post", "C[503+0]Coe$", "ended"),
    ("Retry-After counts as a failure", "get", "C[503+5]....C[503].C", "-"),
    ("Retry-After, attempts spent", "get retries=0", "C[503+5]", "refused 503"),
    ("Retry-After, others, attempts spent", "post retries=1", "C[429+2].C[429+2]", "refused 429"),
    ("Retry-After of 60 s", "get", "C[503+60]{59}C", "-"),
    ("Retry-After above 60 s", "get", "C[503+61]", "refused 503 come back in 61"),
    ("Retry-After above 60 s, others", "post", "C[503+61]", "refused 503 come back in 61"),
    ("Retry-After above 60 s, followed", "get follow", "C[429+3600]", "refused 429 come back in 3600"),
    ("Retry-After above 60 s, not one that others retry", "post", "C[500+61]", "refused 500 come back in 61"),
    ("Retry-After above 60 s with a final status", "get", "C[404+61]", "refused 404"),
    ("Retry-After within the remaining time", "get total=10", "C[503+8]{7}C", "-"),
    ("Retry-After beyond the remaining time", "get total=10", "C[503+10]", "refused 503 come back in 10"),
    ("Retry-After beyond it, others", "post total=10", "C[503+10]", "refused 503 come back in 10"),
    ("a status, followed", "get follow", "C[503]C[503].C[503]...C[503]{7}C", "-"),
    ("a status while resuming", "get", "Coex[C:1][503].[C:1]", "-"),
    ("a status while resuming, others", "post always", "Coex[C:1][500].[C:1]", "-"),
    ("a status while resuming, a function", "post once elsewhere", "Coex[C:1][500].[C:1]", "-"),
    ("a status while resuming, spent", "get retries=1", "Coex[C:1][503]", "refused 503"),
    ("refused while resuming", "get", "Coex[C:1][404]", "refused 404"),
    ("a break, then a status", "get retries=1", "CxC[503]", "refused 503"),
    ("a status, then a break", "get retries=1", "C[503]Cx", "unreachable"),
    ("a status, then a limit", "get retries=1 idle=3", "C[503]C..I", "timed_out idle"),
    ("wrong content type", "get", "C[html]", "refused 200 content type"),
    ("wrong content type, others", "post", "C[html]", "refused 200 content type"),
    ("wrong content type, followed", "get follow", "C[html]", "refused 200 content type"),
    ("another status of success", "get", "C[206]e$", "ended"),
    ("204", "get", "C[204]", "ended"),
    ("204, others", "post", "C[204]", "ended"),
    ("204, followed", "get follow", "C[204]", "ended"),
    ("204, marker expected", "get marker", "C[204]", "truncated"),
    ("204, others, marker expected", "post marker", "C[204]", "truncated"),
    ("204 while resuming", "get", "Coex[C:1][204]", "ended"),
    ("204 while resuming, marker expected", "get marker", "Coe$[C:1][204]", "truncated"),
];

const BEFORE_THE_FIRST_RECORD: &[Timeline] = &[
    ("broke before a record", "get", "CoxCox.Cox...Cox", "unreachable"),
    ("broke before a record, others", "post", "Cox", "truncated"),
    ("broke before a record, comments had come", "post", "Cowwx", "truncated"),
    ("broke before a record, nothing to resume", "post always", "Cox", "truncated"),
    ("broke before a record, body read once", "get once", "Cox", "truncated"),
    ("broke before a record, no retries", "get retries=0", "Cox", "unreachable"),
    ("broke before a record, followed", "get follow", "CoxCox.Cox...Cox{7}C", "-"),
    ("broke before a record, others, followed", "post follow", "Cox", "truncated"),
    ("broke before a record, stored cursor", "get from=7", "[C:7]ox[C:7]", "-"),
    ("broke before a record, stored cursor, others", "post from=7", "[C:7]ox", "truncated"),
    ("broke before a record, stored cursor, always", "post always from=7", "[C:7]ox", "truncated"),
    ("broke before a record, stored cursor, a function", "post elsewhere from=7", "[C:7]ox", "truncated"),
    ("broke before a record, stored cursor, never", "get never from=7", "[C:7]ox[C:7]", "-"),
    ("broke before a record, behind an id", "get", "Coix[C:1]", "-"),
    ("broke before a record, behind an id, others", "post always", "Coix", "truncated"),
];

const AFTER_RECORDS: &[Timeline] = &[
    ("cursor known", "get", "Coex[C:1]", "-"),
    ("cursor known, others", "post", "Coex", "truncated"),
    ("cursor known, others, always", "post always", "Coex[C:1]", "-"),
    ("cursor known, others, a function", "post elsewhere", "Coex[C:1]", "-"),
    ("cursor known, a function", "get elsewhere", "Coex[C:1]", "-"),
    ("cursor known, never", "get never", "Coex", "truncated"),
    ("cursor known, others, never", "post never", "Coex", "truncated"),
    ("cursor known, body read once", "get once", "Coex", "truncated"),
    ("cursor known, body read once, always", "post once always", "Coex", "truncated"),
    ("cursor known, body read once, a function", "post once elsewhere", "Coex[C:1]", "-"),
    ("cursor known, followed", "get follow", "Coex[C:1]", "-"),
    ("cursor known, followed, others", "post follow", "Coex", "truncated"),
    ("cursor known, followed, others, always", "post follow always", "Coex[C:1]", "-"),
    ("cursor known, followed, never", "get follow never", "Coe[x GAP]C", "-"),
    ("cursor known, followed, never, stored cursor", "get follow never from=7", "[C:7]oe[x GAP]C", "-"),
    ("cursor known, no retries", "get retries=0", "Coex", "truncated"),
    ("the last cursor counts", "get", "Coeeex[C:3]", "-"),
    ("a cursor behind the last record counts", "get", "Coeix[C:2]", "-"),
    ("a cursor stays over records that say nothing", "get", "Coerx[C:1]", "-"),
    ("a stored cursor gives way", "get from=7", "[C:7]oex[C:1]", "-"),
    ("a cursor that is not sent at first", "get never from=7", "[C:7]oex", "truncated"),
    ("each record resets the attempts", "get retries=1", "Coex[C:1]oex[C:2]oex[C:3]oex[C:4]", "-"),
    ("spent behind the last record", "get retries=1", "Coex[C:1]ox", "truncated"),
    ("no cursor", "get", "Corx", "truncated"),
    ("no cursor, others", "post", "Corx", "truncated"),
    ("no cursor, others, always", "post always", "Corx", "truncated"),
    ("no cursor, others, a function", "post elsewhere", "Corx", "truncated"),
    ("no cursor, followed", "get follow", "Cor[x GAP]C", "-"),
    ("no cursor, followed, others", "post follow", "Corx", "truncated"),
    ("no cursor, followed, body read once", "get follow once", "Corx", "truncated"),
    ("no cursor, followed, again and again", "get follow", "Cor[x GAP]Cor[x GAP]C", "-"),
    ("the cursor was lost on the way", "get", "Coex[C:1][o lost]", "truncated"),
    ("the cursor was lost on the way, followed", "get follow", "Coex[C:1][o lost GAP:1]x.[C:1]", "-"),
    ("the cursor was lost on the way, stored", "get from=7", "[C:7][o lost GAP:7]ex[C:1]", "-"),
    ("the cursor was taken away", "get", "Coe0x", "truncated"),
    ("the cursor was taken away, followed", "get follow", "Coe0[x GAP]C", "-"),
];

const CLEAN_END: &[Timeline] = &[
    ("clean end", "get", "Coe$", "ended"),
    ("clean end, others", "post", "Coe$", "ended"),
    ("clean end without records", "get", "Co$", "ended"),
    ("clean end, always", "post always", "Coe$", "ended"),
    ("clean end, followed", "get follow", "Coe$[C:1]", "-"),
    ("clean end, followed, no cursor", "get follow", "Cor$C", "-"),
    ("clean end, followed, no records", "get follow", "Co$Co$.Co$...C", "-"),
    ("clean end, followed, others", "post follow", "Coe$", "ended"),
    ("clean end, followed, others, no records", "post follow always", "Co$", "ended"),
    ("clean end, followed, others, resumable", "post follow always", "Coe$[C:1]", "-"),
    ("clean end, followed, a function", "post once follow elsewhere", "Coe$[C:1]", "-"),
    ("clean end, followed, body read once", "get follow once", "Coe$", "ended"),
    ("clean end before the marker", "get marker", "Coe$[C:1]", "-"),
    ("clean end before the marker, others", "post marker", "Coe$", "truncated"),
    ("clean end before the marker, always", "post marker always", "Coe$[C:1]", "-"),
    ("clean end before the marker, no cursor", "get marker", "Cor$", "truncated"),
    ("clean end before the marker, no records", "get marker", "Co$Co$.Co$...Co$", "unreachable"),
    ("clean end before the marker, others, no records", "post marker", "Co$", "truncated"),
    ("clean end before the marker, followed", "get marker follow", "Coe$[C:1]", "-"),
    ("inside a record", "get", "Coe%[C:1]", "-"),
    ("inside a record, others", "post", "Coe%", "truncated"),
    ("inside a record, no cursor", "get", "Cor%", "truncated"),
    ("inside a record, followed, no cursor", "get follow", "Cor[% GAP]C", "-"),
    ("inside the first record", "get", "Co%C", "-"),
    ("inside the first record, others", "post", "Co%", "truncated"),
];

const MARKERS: &[Timeline] = &[
    ("end marker", "get", "Coe!", "complete"),
    ("end marker, others", "post", "Coe!", "complete"),
    ("end marker, followed", "get follow", "Coe!", "complete"),
    ("end marker, expected", "get marker", "Co!", "complete"),
    ("failure marker", "get", "Coef", "failed"),
    ("failure marker, others", "post", "Cof", "failed"),
    ("failure marker, followed", "get follow", "Coef", "failed"),
    ("failure marker, end marker expected", "get marker", "Coef", "failed"),
    ("unreadable", "get", "Coeu", "unreadable"),
    ("unreadable, others", "post", "Cou", "unreadable"),
    ("unreadable, followed", "get follow", "Coeu", "unreadable"),
    ("unreadable, always", "post always", "Coeu", "unreadable"),
];

const LIMITS: &[Timeline] = &[
    ("idle, from sending", "get idle=3", "C..IC..I.C..I...C..I", "timed_out idle"),
    ("idle, others", "post idle=3", "C..I", "timed_out idle"),
    ("idle, from the head", "post idle=3", "Co..I", "timed_out idle"),
    ("idle before a record", "get idle=3", "Co..IC", "-"),
    ("idle: bytes that decode to nothing are activity", "post idle=3", "Coa.a.a..I", "timed_out idle"),
    ("idle: so they are without a content type", "post idle=3", "C[bare]a.a..I", "timed_out idle"),
    ("idle: comments are life", "post idle=3", "Cow.w.w..I", "timed_out idle"),
    ("idle after records", "get idle=3", "Coe..I[C:1]", "-"),
    ("idle after records, others", "post idle=3", "Coe..I", "timed_out idle"),
    ("idle after records, always", "post always idle=3", "Coe..I[C:1]", "-"),
    ("idle after records, no cursor", "get idle=3", "Cor..I", "timed_out idle"),
    ("idle after records, followed, no cursor", "get follow idle=3", "Cor..[I GAP]C", "-"),
    ("idle, a wait is no silence", "get idle=3", "C[503+9]{8}C..I.C", "-"),
    ("progress, from sending", "post progress=3", "C..P", "timed_out progress"),
    ("progress: comments do not count", "post progress=3", "CowP", "timed_out progress"),
    ("progress, from the last record", "post progress=3", "Coew.P", "timed_out progress"),
    ("progress, resumed", "get progress=3", "Coew.P[C:1]", "-"),
    ("progress, no cursor", "get progress=3", "Cor..P", "timed_out progress"),
    ("first event, from sending", "post first=3", "C..F", "timed_out first_event"),
    ("first event: comments do not count", "post first=3", "CowF", "timed_out first_event"),
    ("first event, once it has come", "post first=3", "Coe{20}$", "ended"),
    ("first event, of each request", "get first=3", "Coex[C:1]..F.[C:1]", "-"),
    ("first event, retried", "get first=3 retries=1", "C..FC..F", "timed_out first_event"),
    ("total", "get total=9", "C{8}T", "timed_out total"),
    ("total: records do not extend it", "post total=9", "CoeeeeeeeT", "timed_out total"),
    ("total, over attempts", "get total=9", "CoxCox.CoT", "timed_out total"),
    ("total, in a wait", "get total=6", "CoxCoxT", "timed_out total"),
    ("total, at the end of a wait", "get total=7", "CoxCox.T", "timed_out total"),
    ("total, followed", "get follow total=5", "Coe..T", "timed_out total"),
    ("total goes on while paused", "post total=5", "Cop..T", "timed_out total"),
    ("total wins over idle", "get total=3 idle=3", "C..T", "timed_out total"),
    ("the nearest limit cuts", "post idle=5 progress=4 first=3", "Co.F", "timed_out first_event"),
    ("paused: idle", "post idle=3", "Cop.....q.I", "timed_out idle"),
    ("paused: progress", "post progress=3", "Cop.....qP", "timed_out progress"),
    ("paused: first event", "post first=3", "Cop.....qF", "timed_out first_event"),
    ("paused: stall", "post stall=3", "Cop.....q.S", "-"),
    ("paused before the start", "post idle=3", "p.C{7}q..I", "timed_out idle"),
    ("paused twice, resumed twice", "post idle=3", "Copp..qqI", "timed_out idle"),
    ("paused: bytes that come end the silence", "post idle=3", "Cop..w..q..I", "timed_out idle"),
    ("paused in a wait", "get idle=3", "C[503+4]p..C.q..I.C", "-"),
    ("stall, from sending", "post stall=3", "C..S{20}", "-"),
    ("stall, once a silence", "post stall=3", "Co..S{20}w..S{20}e..S", "-"),
    ("stall: a head ends the silence", "post stall=3", "C..So..S", "-"),
    ("stall: comments are life", "post stall=3", "Cow.w.w..S", "-"),
    ("stall, then the cut", "post stall=2 idle=4", "C.S.I", "timed_out idle"),
    ("stall, in each request", "get stall=2 idle=3", "C.SIC.SI.C", "-"),
    ("stall: a wait is no silence", "get stall=3", "C[503+9]{8}C..S", "-"),
    ("all limits off", "post", "Co{5000}e{5000}$", "ended"),
];

const BACKOFF: &[Timeline] = &[
    ("grows to the cap", "get retries=7", "CnCn.Cn...Cn{7}Cn{14}Cn{14}Cn{14}Cn", "unreachable"),
    ("a record resets it", "get", "CoxCox.Coex[C:1]", "-"),
    ("a bare 200 does not", "get", "CoxCox.Cox...C", "-"),
    ("comments do not", "get", "CowxCowx.Cowx...C", "-"),
    ("a body that stood 30 s does", "get", "CoxCox.Co{29}xC", "-"),
    ("a body that stood 29 s does not", "get", "CoxCox.Co{28}x...C", "-"),
    ("a body that stood 30 s and ended does", "get follow", "Co$Co{29}$C", "-"),
    ("a head that was late does not", "get", "CxC{30}x.C", "-"),
    ("a wait that was asked for is a floor", "get", "Co[retry=5]ex....[C:1]", "-"),
    ("it is no more than a floor", "get", "Co[retry=1]xCox.C", "-"),
    ("it stays over requests", "get", "Co[retry=5]x....Cox....C", "-"),
    ("the last one counts", "get", "Co[retry=5][retry=0]xC", "-"),
    ("it may be beyond the cap", "get", "Co[retry=45]x{44}C", "-"),
    ("it may be a minute", "get", "Co[retry=60]x{59}C", "-"),
    ("beyond a minute it is a minute", "get", "Co[retry=61][x Q]{59}C", "-"),
    ("days are a minute", "get", "Co[retry=1000000][x Q]{59}Co[x Q]{59}C", "-"),
    ("the largest number is a minute", "get", "Co[retry=18446744073709551615][x Q]{59}C", "-"),
    ("beyond the remaining time", "get total=9", "Co[retry=600][x Q].....T", "timed_out total"),
    ("the higher floor counts", "get", "Co[retry=5]x....C[503+9]{8}C", "-"),
    ("the higher floor counts, the other way", "get", "Co[retry=5]x....C[503+3]....C", "-"),
    ("no delay", "get delay=0 retries=2", "Co[x C][x C]x", "unreachable"),
    ("followed, a clean end waits too", "get follow", "Coe$[C:1]o$.[C:1]", "-"),
];

const KICK_AND_CANCEL: &[Timeline] = &[
    ("kick before the start", "get", "k.Co", "-"),
    ("kick while connecting", "get", "C[k C]", "-"),
    ("kick while connecting, others", "post", "Ck.oe$", "ended"),
    ("kick in a wait", "get", "C[503+9]..[k C]", "-"),
    ("kick in a wait, others", "post", "C[503+9]..[k C]", "-"),
    ("kick before a record", "get", "Co[k C]", "-"),
    ("kick before a record, others", "post", "Coke$", "ended"),
    ("kick, cursor known", "get", "Coe[k C:1]", "-"),
    ("kick, cursor known, others", "post", "Coek$", "ended"),
    ("kick, cursor known, always", "post always", "Coe[k C:1]", "-"),
    ("kick, cursor known, a function", "post once elsewhere", "Coe[k C:1]", "-"),
    ("kick, cursor known, never", "get never", "Coek$", "ended"),
    ("kick, no cursor", "get", "Cork$", "ended"),
    ("kick, no cursor, followed", "get follow", "Cor[k GAP C]", "-"),
    ("kick, no cursor, followed, others", "post follow", "Cork$", "ended"),
    ("kick, body read once", "get once", "Cok$", "ended"),
    ("kick, stored cursor", "get from=7", "[C:7]o[k C:7]", "-"),
    ("kick, stored cursor, no record, always", "post always from=7", "[C:7]ok$", "ended"),
    ("kick, stored cursor, no record, a function", "post elsewhere from=7", "[C:7]ok$", "ended"),
    ("kick is no failure", "get retries=1", "C[k C][k C]xC", "-"),
    ("kick while paused", "get", "Cop[k C]", "-"),
    ("check in a wait", "get", "C[503+9]..[check C]", "-"),
    ("check soon after bytes", "get", "Coe{13}[check]{20}$", "ended"),
    ("check, silent for long", "get", "Coe{14}[check][C:1]", "-"),
    ("check, and bytes arrive that were already waiting", "get", "Coe{15}[check w][C:1]", "-"),
    ("awake again, and the first record has no cursor", "get", "Co[woke r]...r{20}$", "ended"),
    ("check, others", "post", "Coe{15}[check]..$", "ended"),
    ("check, others, always", "post always", "Coe{15}[check][C:1]", "-"),
    ("check, never", "get never", "Coe{15}[check]..$", "ended"),
    ("check, no cursor", "get", "Cor{15}[check]..$", "ended"),
    ("check, no cursor, followed", "get follow", "Cor{15}[check][GAP C]", "-"),
    ("check before a record", "get", "Co{16}[check]..$", "ended"),
    ("check before a record, stored cursor", "get from=7", "[C:7]o{16}[check][C:7]", "-"),
    ("check while connecting", "get", "C{16}[check]..oe", "-"),
    ("check, the caller's own limit", "get stall=3", "Coe..[S check][C:1]", "-"),
    ("check, within the caller's own limit", "get stall=30", "Coe{20}[check]{8}S", "-"),
    ("awake again, cursor known", "get", "Coe[woke][C:1]", "-"),
    ("awake again, and bytes arrive that were already waiting", "get", "Coe[woke w][C:1]", "-"),
    ("awake again, before a record", "get", "Co[woke]C", "-"),
    ("awake again, before a record, others", "post", "Co[woke]...e$", "ended"),
    ("awake again, others", "post", "Coe[woke]..$", "ended"),
    ("awake again, while connecting", "get", "C[woke]C", "-"),
    ("awake again, while connecting, others", "post", "C[woke]..oe$", "ended"),
    ("awake again, no cursor", "get", "Cor[woke]..$", "ended"),
    ("awake again, no cursor, followed", "get follow", "Cor[woke][GAP C]", "-"),
    ("awake again, a relay", "post", "C[relay]e[woke][C:1 @]", "-"),
    ("awake again, nobody asks", "get", "Coe[p woke]...q[C:1]", "-"),
    ("awake again, twice", "get", "Coe[woke woke][C:1]....", "-"),
    ("awake again is no failure", "get retries=0", "Coe[woke][C:1]oe[woke][C:2]", "-"),
    ("awake again, a limit is earlier", "get idle=1 retries=0", "[C o e woke]I", "timed_out idle"),
    ("cancel before the start", "get", "z", "cancelled"),
    ("cancel while connecting", "get", "Cz", "cancelled"),
    ("cancel while open", "get", "Coez", "cancelled"),
    ("cancel in a wait", "get", "C[503+9].z", "cancelled"),
    ("cancel while paused", "get follow", "Cop.z", "cancelled"),
    ("no place in time", "get", "...[queue]", "timed_out queue"),
    ("no place in time, others", "post", "...[queue]", "timed_out queue"),
    ("no place in time, asked for with the request", "get", "C...[queue]", "timed_out queue"),
    ("no place in time, too late", "get", "Co[queue]e$", "ended"),
];

const PERMANENT_FAILURES: &[Timeline] = &[
    ("a permanent failure", "get", "C[never]", "unreachable"),
    ("a permanent failure, others", "post", "C[never]", "unreachable"),
    ("a permanent failure, followed", "get follow", "C[never]", "unreachable"),
    ("a permanent failure, after another", "get", "CnC[never]", "unreachable"),
    ("a permanent failure, after records", "get", "Coex[C:1][never]", "truncated"),
    ("a permanent failure, at a relay", "post", "C[relay]ex[C:1 @][never]", "truncated"),
    ("in a body it is a break", "get", "Coe[never][C:1]", "-"),
    ("in a body it is a break, others", "post", "Coe[never]", "truncated"),
];

const NO_CONTENT_TYPE: &[Timeline] = &[
    ("empty", "get", "C[bare]$", "ended"),
    ("empty, others", "post", "C[bare]$", "ended"),
    ("empty, followed", "get follow", "C[bare]$", "ended"),
    ("empty, marker expected", "get marker", "C[bare]$", "truncated"),
    ("empty, while resuming", "get", "Coex[C:1][bare]$", "ended"),
    ("empty, after a reply that may be complete", "get reply", "Co[e may]x[C:1][bare]$", "complete"),
    ("not empty", "get", "C[bare]w", "refused 200 content type"),
    ("not empty, others", "post", "C[bare]w", "refused 200 content type"),
    ("not empty, followed", "get follow", "C[bare]w", "refused 200 content type"),
    ("broke", "get", "C[bare]xC", "-"),
    ("broke, others", "post", "C[bare]x", "truncated"),
    ("silent", "post idle=3", "C[bare]..I", "timed_out idle"),
    ("too late", "get total=3", "C[bare].T", "timed_out total"),
    ("kick", "get", "C[bare][k C]", "-"),
    ("kick, others", "post", "C[bare]k$", "ended"),
    ("format assumed, empty", "get", "C[sniff]$", "ended"),
    ("format assumed, empty, followed", "get follow", "C[sniff]$", "ended"),
    ("format assumed, empty, marker expected", "get marker", "C[sniff]$", "truncated"),
    ("format assumed, empty, others", "post reply", "C[sniff]$", "truncated"),
    ("format assumed, not empty", "get marker", "C[sniff]w$C", "-"),
    ("format assumed, nothing decoded", "get marker", "C[sniff]a$", "truncated"),
    ("nothing decoded", "get", "C[bare]a$", "ended"),
    ("format assumed, broke", "get marker", "C[sniff]xC", "-"),
    ("format assumed, a record", "post", "C[sniff]e$", "ended"),
];

const REFRESH: &[Timeline] = &[
    ("401, nothing to renew it with", "get", "C[401]", "refused 401"),
    ("401", "get refresh", "C[401 L C]oe!", "complete"),
    ("401, others", "post refresh", "C[401 L C]oe!", "complete"),
    ("401, followed", "get follow refresh", "C[401 L C]oe$[C:1]", "-"),
    ("401, body read once", "post once refresh", "C[401]", "refused 401"),
    ("401, no retries", "get retries=0 refresh", "C[401 L C]oe$", "ended"),
    ("401, with Retry-After", "get refresh", "C[401+70 L C]oe$", "ended"),
    ("401 twice in a row", "get refresh", "C[401 L C][401]", "refused 401"),
    ("401 twice, a break between them", "get refresh", "C[401 L C]xC[401]", "refused 401"),
    ("401 twice, a wrong type between them", "get refresh", "C[401 L C][html]", "refused 200 content type"),
    ("401 again after a response that was read", "get refresh", "C[401 L C]oex[C:1][401 L C:1]oe$", "ended"),
    ("401 while resuming", "post always refresh", "Coex[C:1][401 L C:1]", "-"),
    ("401 at a relay, body read once", "post once refresh", "C[relay]ex[C:1 @][401 L C:1 @]", "-"),
    ("401 takes nothing from the attempts", "get retries=1 refresh", "C[401 L C]xC[503]", "refused 503"),
    ("the refresh fails", "get refresh", "C[401 L C][unfresh]", "refused 401"),
    ("the refresh fails, after records", "get refresh", "Coex[C:1][401 L C:1][unfresh]", "refused 401"),
    ("403", "get refresh", "C[403]", "refused 403"),
];

const RELAYED: &[Timeline] = &[
    ("broke before a record", "get", "C[relay]x[C @]", "-"),
    ("broke before a record, others", "post", "C[relay]x[C @]", "-"),
    ("broke before a record, stored cursor", "post from=7", "[C:7][relay]x[C:7 @]", "-"),
    ("broke before a record, others, never", "post never", "C[relay]x", "truncated"),
    ("broke after records", "get", "C[relay]ex[C:1 @]", "-"),
    ("broke after records, others", "post", "C[relay]ex[C:1 @]oe!", "complete"),
    ("broke after records, body read once", "post once", "C[relay]ex[C:1 @]", "-"),
    ("broke after records, always", "post always", "C[relay]ex[C:1 @]", "-"),
    ("broke after records, a function", "post elsewhere", "C[relay]ex[C:1 @]", "-"),
    ("broke after records, never", "get never", "C[relay]ex", "truncated"),
    ("broke after records, others, never", "post never", "C[relay]ex", "truncated"),
    ("broke after records, no cursor", "post", "C[relay]rx", "truncated"),
    ("broke after records, no retries", "post retries=0", "C[relay]ex", "truncated"),
    ("broke at the relay", "post", "C[relay]ex[C:1 @]x.[C:1 @]", "-"),
    ("broke in what the relay sent", "post", "C[relay]ex[C:1 @]oex[C:2 @]", "-"),
    ("no connection to the relay", "post once", "C[relay]ex[C:1 @]n.[C:1 @]", "-"),
    ("a status of the relay", "post", "C[relay]ex[C:1 @][503].[C:1 @]", "-"),
    ("refused by the relay", "post", "C[relay]ex[C:1 @][404]", "refused 404"),
    ("a limit", "post idle=3", "C[relay]e..I[C:1 @]", "-"),
    ("clean end", "post", "C[relay]e$", "ended"),
    ("clean end, followed: the caller's own request again", "get follow", "C[relay]e$[C:1]", "-"),
    ("clean end, followed, others", "post follow", "C[relay]e$", "ended"),
    ("clean end, followed, then a break", "post follow always", "C[relay]e$[C:1][relay]ex[C:2 @]", "-"),
    ("clean end before a marker", "post marker", "C[relay]e$[C:1 @]", "-"),
    ("clean end inside a record", "post", "C[relay]e%[C:1 @]", "-"),
    ("kick", "post", "C[relay]e[k C:1 @]", "-"),
    ("refused although it is a relay's", "post", "C[404]", "refused 404"),
];

const REPLAYED: &[Timeline] = &[
    ("is no progress", "get retries=1", "Coex[C:1]o[e1 R]x", "truncated"),
    ("is no progress, followed", "get follow", "Coex[C:1]o[e1 R]x.[C:1]o[e1 R]x...[C:1]", "-"),
    ("is no progress, others", "post always retries=1", "Coex[C:1]o[e1 R]x", "truncated"),
    ("is no progress, a relay", "post retries=1", "C[relay]ex[C:1 @]o[e1 R]x", "truncated"),
    ("is no progress for the limit either", "get progress=3", "Coex[C:1]o[e1 R]P.[C:1]", "-"),
    ("is reported once a response", "get", "Coeex[C:2]o[e1 R][e2 D]x.[C:2][o e2 R]", "-"),
    ("leaves the cursor where it was", "get", "Coeeex[C:3]o[e1 R]x.[C:3]", "-"),
    ("moves no cursor back by what inherits its id", "get", "Coeeex[C:3]o[e1 R][h1]x.[C:3]", "-"),
    ("moves no cursor back by its id alone", "get", "Coeeex[C:3]o[i1]x.[C:3]", "-"),
    ("is followed by what is new", "get retries=1", "Coex[C:1]o[e1 R]ex[C:2]", "-"),
    ("makes what follows without an id no progress", "get retries=1", "Coex[C:1]o[e1 R]rx", "truncated"),
    ("does so until a new id", "get retries=1", "Coex[C:1]o[e1 R]rerx[C:2]", "-"),
    ("does not exist in the first response", "get", "Co[e7][e7]x[C:7]", "-"),
    ("does not exist in the first response, stored cursor", "get from=7", "[C:7]o[e7]x[C:7]", "-"),
    ("ends with a new record", "get", "Coex[C:1]o[e1 R]e0x", "truncated"),
    ("says nothing of the next response", "get follow", "Coex[C:1]o[e1 R]x.[C:1]orx[C:1]", "-"),
    ("is known as well if nothing is resumed", "get follow never", "Coe[x GAP]Co[e1 R][x GAP].C", "-"),
    ("does not exist without an id", "get follow", "Cor[x GAP]Cor[x GAP]C", "-"),
    ("is not what has one id twice in one response", "get retries=1", "Coex[C:1]o[e5][e5]x[C:5]", "-"),
    ("is what an earlier response had, whichever", "get", "Coex[C:1]oex[C:2]o[e1 R]x.[C:2]", "-"),
    ("is not an id that had no record", "get retries=1", "Coeix[C:2]o[e2]x[C:2]", "-"),
    (
        "ordered ids: what is not above the cursor",
        "get",
        "Co[e7-1][e7-2]x[C:7-2]o[e7-1 R][e7-2 D][e7-3]x[C:7-3]",
        "-",
    ),
    (
        "ordered ids: also what was never delivered",
        "get",
        "Co[e7-1][e7-4 GAP:7-1]x[C:7-4]o[e7-3 R]x.[C:7-4]",
        "-",
    ),
    ("ordered ids: an id alone moves no cursor back", "get", "Co[e7-1][e7-2]x[C:7-2]o[i7-1]x.[C:7-2]", "-"),
    ("ordered ids: not in the first response, stored cursor", "get from=7-5", "[C:7-5]o[e7-3]x[C:7-3]", "-"),
    (
        "ordered ids: an id alone in the first response, stored cursor",
        "get from=7-5",
        "[C:7-5]o[i7-3]x[C:7-3]",
        "-",
    ),
    ("ordered ids: another epoch is new", "get retries=1", "Co[e7-5]x[C:7-5]o[e8-1]x[C:8-1]", "-"),
];

const ORDERED_IDS: &[Timeline] = &[
    ("no gap", "get", "Co[e7-1][e7-2]$", "ended"),
    ("a gap", "get", "Co[e7-1][e7-4 GAP:7-1]$", "ended"),
    ("a gap after a stored cursor", "get from=7-1", "[C:7-1]o[e7-3 GAP:7-1]$", "ended"),
    ("a gap across attempts", "get", "Co[e7-1]x[C:7-1]o[e7-3 GAP:7-1]$", "ended"),
    ("an id without a record fills it", "get", "Co[e7-1][i7-2][e7-3]$", "ended"),
    ("a gap before an id without a record", "get", "Co[e7-1][i7-3 GAP:7-1][e7-4]$", "ended"),
    ("a record without an id changes nothing", "get", "Co[e7-1]r[e7-2]$", "ended"),
    ("after an empty cursor nothing is known", "get", "Co[e7-1]0[e7-5]$", "ended"),
];

const WHAT_A_DIALECT_SAYS: &[Timeline] = &[
    ("nothing yet", "post reply", "Coe$", "truncated"),
    ("nothing yet, resumed", "get reply", "Coe$[C:1]", "-"),
    ("it goes on", "post reply", "Co[e open]$", "truncated"),
    ("an end marker and nothing of it", "post reply", "Coe!", "truncated"),
    ("an end marker and nothing of it, told", "post reply", "Co[e none]!", "truncated"),
    ("an end marker after some of it", "post reply", "Co[e open]!", "complete"),
    ("it may be complete", "post reply", "Co[e may]$", "complete"),
    ("it may be complete, and goes on", "post reply", "Co[e may][e open]$", "truncated"),
    ("it may be complete, and ends in a record", "post reply", "Co[e may]%", "truncated"),
    ("it may be complete, and breaks", "post reply", "Co[e may]x", "truncated"),
    ("it has no end of its own", "post reply", "Co[e end]$", "ended"),
    ("it has none, but one was declared", "post reply marker", "Co[e end]$", "truncated"),
    ("it is complete", "get follow reply", "Co[e done]", "complete"),
    ("it failed", "get follow reply", "Co[e bad]", "failed"),
    ("nothing more after what may be complete", "get reply", "Co[e may]x[C:1][204]", "complete"),
    ("nothing more, without a cursor", "get reply follow never", "Co[e may][x GAP]C[204]", "truncated"),
    ("it starts over", "get reply follow never", "Co[e may][x GAP]Co[$ GAP].C", "-"),
    ("its cursor was lost", "get reply follow", "Co[e may]x[C:1][o lost GAP:1]$.[C:1]", "-"),
];

#[test]
fn timelines() {
    let tables = [
        BEFORE_THE_REQUEST_IS_SENT,
        BEFORE_A_HEAD,
        STATUS,
        BEFORE_THE_FIRST_RECORD,
        AFTER_RECORDS,
        CLEAN_END,
        MARKERS,
        LIMITS,
        BACKOFF,
        KICK_AND_CANCEL,
        PERMANENT_FAILURES,
        NO_CONTENT_TYPE,
        REFRESH,
        RELAYED,
        REPLAYED,
        ORDERED_IDS,
        WHAT_A_DIALECT_SAYS,
    ];
    let mut failed = 0;
    for (name, policy, line, outcome) in tables.concat() {
        failed += usize::from(!holds(name, policy, line, outcome));
    }
    assert_eq!(failed, 0, "timelines that do not hold");
}

/// Every status, in both columns of the table of reconnects.
#[test]
fn statuses() {
    let mut failed = 0;
    let mut row = |policy: &str, line: &str, outcome: &str| {
        failed += usize::from(!holds("a status", policy, line, outcome));
    };
    for status in [408, 425, 429, 500, 502, 503, 504, 529] {
        let s = format!("[{status}]");
        let refused = format!("refused {status}");
        row("get", &format!("C{s}C{s}.C{s}...C{s}"), &refused);
        row("post", &format!("C{s}"), &refused);
        row("get once", &format!("C{s}"), &refused);
        row("get", &format!("C[{status}+5]....C"), "-");
        row("post once", &format!("C[{status}+5]"), &refused);
        row("post follow", &format!("C{s}"), &refused);
        if matches!(status, 429 | 503 | 529) {
            row("post", &format!("C[{status}+5]....Co!"), "complete");
        } else {
            row("post", &format!("C[{status}+5]"), &refused);
        }
    }
    let others = (300..600).filter(|status| ![408, 425, 429, 500, 502, 503, 504, 529].contains(status));
    for status in others {
        for policy in ["get", "post", "get follow"] {
            row(policy, &format!("C[{status}]"), &format!("refused {status}"));
            row(policy, &format!("C[{status}+5]"), &format!("refused {status}"));
        }
    }
    assert_eq!(failed, 0, "timelines that do not hold");
}

#[test]
fn a_timeline_that_is_wrong_does_not_hold() {
    let rows = [
        ("get", "CnC", "unreachable"),
        ("get", "Cn.C", "-"),
        ("get", "Cn", "truncated"),
        ("post", "Cx.", "unreachable"),
        ("get", "Coex[C:2]", "-"),
        ("get follow", "CorxC", "-"),
        ("get stall=3", "C...", "-"),
    ];
    for (policy, line, outcome) in rows {
        assert!(!holds("wrong on purpose", policy, line, outcome), "{policy}: {line}");
    }
}

#[test]
fn defaults_are_those_of_the_design() {
    let policy = Policy::default();
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!((policy.retry_attempts, policy.retry_delay), (3, Duration::from_millis(1000)));
    assert_eq!((policy.idle_timeout, policy.stall_after), (seconds(300), seconds(15)));
    assert_eq!((policy.first_event_timeout, policy.progress_timeout, policy.timeout), (None, None, None));
    assert_eq!((policy.idempotent, policy.follow, policy.resume), (false, false, Resume::Auto));
    assert!(policy.repeatable && !policy.expects_marker);
}

/// The function that renews credentials may hang until the stream is kicked or a limit passes.
#[test]
fn a_refresh_is_still_due_after_an_attempt_that_was_not_sent() {
    let idle_timeout = Some(Duration::from_secs(5));
    let policy = Policy { idempotent: true, refresh: true, idle_timeout, ..Policy::default() };
    let mut session = Session::with_policy(&policy, None);
    let mut feed = |seconds, input| match session.handle(At::new(Duration::from_secs(seconds), 0), input) {
        Action::Wait(retry) => Some(retry.refresh),
        _ => None,
    };
    feed(0, Input::Start);
    feed(0, Input::Sent);
    assert_eq!(feed(0, Input::Head(head(401, None))), Some(true));
    feed(0, Input::Tick);
    assert_eq!(feed(0, Input::Kick), Some(true));
    feed(0, Input::Tick);
    assert_eq!(feed(5, Input::Tick), Some(true));
    feed(5, Input::Tick);
    feed(5, Input::Sent);
    assert_eq!(feed(5, Input::Broken(Failure::Head)), Some(false));
}

/// A server that starts over and breaks off before anything new arrives is given up, also after more records than are remembered.
#[test]
fn records_that_are_too_old_to_be_remembered_are_no_progress() {
    let policy = Policy { idempotent: true, retry_attempts: 1, ..Policy::default() };
    let mut session = Session::with_policy(&policy, None);
    let at = At::new(Duration::ZERO, 0);
    session.handle(at, Input::Start);
    for (records, outcome) in [(2000, None), (100, Some(Outcome::Truncated))] {
        session.handle(at, Input::Head(head(200, None)));
        for id in 0..records {
            let id = format!("{id}");
            session.handle(at, Input::Record { cursor: Some(&id), id: Some(&id) });
        }
        assert_eq!(session.cursor(), b"1999");
        session.handle(at, Input::Broken(Failure::Body));
        assert_eq!(session.outcome(), outcome);
        session.handle(at, Input::Tick);
    }
}

/// A server that knew the key could make ids whose hashes are equal.
#[test]
fn the_hashes_of_ids_have_a_random_key() {
    for chance in [7, u32::MAX] {
        let mut session = Session::with_policy(&Policy::default(), None);
        session.handle(At::new(Duration::ZERO, chance), Input::Start);
        assert_eq!(session.key, chance);
    }
}

#[test]
fn the_wait_is_drawn_evenly_from_zero_to_its_bound() {
    for (chance, want) in [(0, 0), (1 << 30, 250), (1 << 31, 500), (3 << 30, 750), (u32::MAX, 999)] {
        let mut session = Session::with_policy(&Policy { idempotent: true, ..Policy::default() }, None);
        let at = At::new(Duration::ZERO, chance);
        session.handle(at, Input::Start);
        let Action::Wait(retry) = session.handle(at, Input::Broken(Failure::Head)) else { panic!("no wait") };
        assert_eq!(retry.delay.as_millis(), want, "{chance}");
    }
}

#[test]
fn an_unreadable_body_keeps_its_offset_and_limit() {
    let mut session = Session::with_policy(&Policy::default(), None);
    let at = At::new(Duration::ZERO, 0);
    session.handle(at, Input::Start);
    session.handle(at, Input::Head(head(200, None)));
    assert_eq!(session.handle(at, Input::Unreadable { offset: 7, limit: Some(5) }), Action::Close);
    assert_eq!(session.outcome(), Some(Outcome::Unreadable { offset: 7, limit: Some(5) }));
}

#[test]
fn the_longest_silence_counts_only_while_the_consumer_asks() {
    for (line, want) in [
        ("C....", 4),
        ("C..o.....", 5),
        ("Co...w.", 4),
        ("C.....o.w", 6),
        ("Cop{50}q.w", 3),
        // Neither a wait nor the time after the end counts as silence.
        ("C[503+40]{39}Co..", 2),
        ("Coe...!", 4),
    ] {
        let run = Play::new("get", Clock::EverySecond, false).run(line);
        assert_eq!(run.session.longest_silence(ms(run.now)), f64::from(want) * 1000.0, "{line}");
    }
}

#[test]
fn the_first_of_the_limits_that_passed_before_a_pause_counts() {
    let limit = |seconds| Some(Duration::from_secs(seconds));
    let policy = Policy { idle_timeout: limit(5), progress_timeout: limit(3), ..Policy::default() };
    let mut session = Session::with_policy(&policy, None);
    let mut feed = |seconds, input| session.handle(At::new(Duration::from_secs(seconds), 0), input);
    feed(0, Input::Start);
    feed(0, Input::Head(head(200, None)));
    feed(10, Input::Pause);
    feed(20, Input::Resume);
    assert_eq!(feed(20, Input::Tick), Action::Close);
    assert_eq!(session.outcome(), Some(Outcome::TimedOut(Limit::Progress)));
}

/// A slow reader finds bytes at every poll, so no tick arrives in between.
#[test]
fn input_after_the_total_timeout_ends_the_stream() {
    let opens = Input::Head(head(200, None));
    let rows = [
        (None, opens, "timed_out"),
        (None, Input::Head(head(204, None)), "timed_out"),
        (None, Input::Head(head(403, None)), "refused"),
        (Some(opens), Input::Wire, "timed_out"),
        (Some(opens), Input::Activity, "timed_out"),
        (Some(opens), Input::BodyEnd { inside_record: false }, "timed_out"),
        (Some(opens), Input::EndMarker, "complete"),
        (Some(opens), Input::Broken(Failure::Body), "truncated"),
    ];
    for (first, late, want) in rows {
        for (seconds, passed) in [(4, false), (5, true)] {
            let timeout = Some(Duration::from_secs(5));
            let mut session = Session::with_policy(&Policy { timeout, ..Policy::default() }, None);
            let mut feed = |seconds, input| session.handle(At::new(Duration::from_secs(seconds), 0), input);
            feed(0, Input::Start);
            if let Some(first) = first {
                feed(0, first);
            }
            feed(seconds, late);
            let outcome = session.outcome().map(|outcome| outcome.code());
            assert!(!passed || outcome == Some(want), "{late:?}: {outcome:?}");
            assert!(passed || outcome != Some("timed_out"), "{late:?}: {outcome:?}");
        }
    }
}

#[test]
fn a_retry_after_up_to_the_last_moment_is_honoured() {
    for (wait, waits) in [(10, true), (11, false)] {
        let timeout = Some(Duration::from_secs(10));
        let policy = Policy { idempotent: true, timeout, ..Policy::default() };
        let mut session = Session::with_policy(&policy, None);
        let at = At::new(Duration::ZERO, 0);
        session.handle(at, Input::Start);
        let head = head(503, Some(Duration::from_secs(wait)));
        let waited = matches!(session.handle(at, Input::Head(head)), Action::Wait(_));
        assert_eq!(waited, waits, "{wait} s");
    }
}

#[test]
fn the_silence_before_a_break_counts() {
    let mut session = Session::with_policy(&Policy { idempotent: true, ..Policy::default() }, None);
    let mut feed = |seconds, input| session.handle(At::new(Duration::from_secs(seconds), 0), input);
    feed(0, Input::Start);
    feed(0, Input::Head(head(200, None)));
    assert!(matches!(feed(7, Input::Broken(Failure::Body)), Action::Wait(_)));
    assert_eq!(session.longest_silence(20_000.0), 7_000.0);
}

/// Even if they arrive so fast that their times round to the same millisecond.
#[test]
fn bytes_after_the_first_moment_end_the_check() {
    let mut session = Session::with_policy(&Policy { idempotent: true, ..Policy::default() }, None);
    let mut feed = |micros, input| {
        session.handle(At::new(Duration::from_micros(micros), 0), input);
        session.deadline()
    };
    feed(0, Input::Start);
    feed(0, Input::Head(head(200, None)));
    feed(0, Input::Record { cursor: Some("1"), id: Some("1") });
    feed(1_000_000, Input::Check { away: Duration::from_secs(600) });
    let deadlines: Vec<_> = (1..400).map(|number| feed(1_000_000 + number * 900, Input::Wire)).collect();
    assert_eq!(deadlines[0], Some(Duration::from_secs(2)));
    assert!(deadlines[300] > Some(Duration::from_secs(10)), "{:?}", deadlines[300]);
}

#[test]
fn bytes_that_were_already_waiting_are_no_sign_of_life() {
    // When bytes arrive after the check, in milliseconds, and when the connection is taken for dead.
    let rows: [(&[u64], Option<u64>); 8] = [
        (&[], Some(1000)),
        (&[0], Some(1000)),
        (&[0, 100, 249], Some(1000)),
        (&[250], None),
        (&[249, 250], None),
        (&[0, 999], None),
        (&[1000], None),
        (&[249, 1001], Some(1000)),
    ];
    for (arrivals, dead) in rows {
        let mut session = Session::with_policy(&Policy { idempotent: true, ..Policy::default() }, None);
        let mut feed = |ms, input| {
            session.handle(At::new(Duration::from_millis(ms), 0), input);
            session.deadline()
        };
        feed(0, Input::Start);
        feed(0, Input::Head(head(200, None)));
        feed(3_000, Input::Record { cursor: Some("1"), id: Some("1") });
        let mut deadline = feed(9_000, Input::Check { away: Duration::from_secs(600) });
        for ms in arrivals {
            if deadline.is_some_and(|due| due < Duration::from_millis(9_000 + ms)) {
                break;
            }
            deadline = feed(9_000 + ms, Input::Wire);
        }
        let soon = deadline.filter(|due| *due < Duration::from_secs(12));
        assert_eq!(soon, dead.map(|ms| Duration::from_millis(9_000 + ms)), "{arrivals:?}");
    }
}
