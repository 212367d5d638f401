;; Puts a packed module together again: inline.mjs writes it down, and says how. Its numbers in capitals are filled in there.
;; A module of its own because it runs once, before anything has compiled it: so it is done ten times as soon as in JavaScript.
(module
  (memory (export "memory") PAGES)
  ;; Where each of the six streams of text goes on: instructions, locals, functions, labels, offsets, numbers.
  (data (i32.const 0) "STARTS")
  (global $out (mut i32) (i32.const OUT))

  ;; The place among the plain characters of the next one.
  (func $character (param $stream i32) (result i32)
    (local $at i32) (local $code i32)
    (i32.store (local.get $stream) (i32.add (local.tee $at (i32.load (local.get $stream))) (i32.const 1)))
    (local.set $code (i32.load8_u (local.get $at)))
    ;; " $ \ and the grave accent are none.
    (i32.sub
      (i32.sub (local.get $code) (i32.const 32))
      (i32.add
        (i32.add (i32.gt_u (local.get $code) (i32.const 34)) (i32.gt_u (local.get $code) (i32.const 36)))
        (i32.add (i32.gt_u (local.get $code) (i32.const 92)) (i32.gt_u (local.get $code) (i32.const 96))))))

  ;; Copies the next byte of a stream, and gives it.
  (func $byte (param $stream i32) (result i32)
    (local $place i32)
    (if (i32.gt_u (local.tee $place (call $character (local.get $stream))) (i32.const 88))
      (then
        (local.set $place
          (i32.add
            (i32.add (i32.mul (i32.sub (local.get $place) (i32.const 89)) (i32.const 91)) (i32.const 89))
            (call $character (local.get $stream))))))
    ;; The common bytes lie in two runs, up to 0x47 and from 0x6a to 0x7a.
    (if (i32.lt_u (i32.sub (local.get $place) (i32.const 72)) (i32.const 51))
      (then
        (local.set $place
          (i32.add (local.get $place) (select (i32.const 34) (i32.const -17) (i32.lt_u (local.get $place) (i32.const 89)))))))
    (i32.store8 (global.get $out) (local.get $place))
    (global.set $out (i32.add (global.get $out) (i32.const 1)))
    (local.get $place))

  (func $bytes (param $count i32)
    (loop $more
      (if (local.get $count)
        (then
          (drop (call $byte (i32.const 0)))
          (local.set $count (i32.sub (local.get $count) (i32.const 1)))
          (br $more)))))

  ;; Copies a number as LEB128 writes it, which ends with a byte below 128. Gives its last byte: the number, where it has but one.
  (func $leb (param $stream i32) (result i32)
    (local $byte i32)
    (loop $more (br_if $more (i32.gt_u (local.tee $byte (call $byte (local.get $stream))) (i32.const 127))))
    (local.get $byte))

  ;; Copies the body of a function behind the three bytes of its size, which are written last.
  (func $function
    (local $start i32) (local $depth i32) (local $op i32) (local $count i32)
    (local.set $start (global.get $out))
    (global.set $out (i32.add (local.get $start) (i32.const 3)))
    ;; Groups of locals: how many, of which type.
    (local.set $count (call $byte (i32.const 0)))
    (loop $group
      (if (local.get $count)
        (then
          (drop (call $leb (i32.const 0)))
          (drop (call $byte (i32.const 0)))
          (local.set $count (i32.sub (local.get $count) (i32.const 1)))
          (br $group))))
    (local.set $depth (i32.const 1))
    (loop $more
      (local.set $op (call $byte (i32.const 0)))
      (block $done
        ;; end
        (if (i32.eq (local.get $op) (i32.const 0x0b))
          (then (local.set $depth (i32.sub (local.get $depth) (i32.const 1))) (br $done)))
        ;; block, loop, if
        (if (i32.lt_u (i32.sub (local.get $op) (i32.const 0x02)) (i32.const 3))
          (then
            (local.set $depth (i32.add (local.get $depth) (i32.const 1)))
            (drop (call $leb (i32.const 0)))
            (br $done)))
        ;; local.get, local.set, local.tee
        (if (i32.lt_u (i32.sub (local.get $op) (i32.const 0x20)) (i32.const 3))
          (then (drop (call $leb (i32.const 4))) (br $done)))
        ;; call
        (if (i32.eq (local.get $op) (i32.const 0x10))
          (then (drop (call $leb (i32.const 8))) (br $done)))
        ;; br, br_if
        (if (i32.lt_u (i32.sub (local.get $op) (i32.const 0x0c)) (i32.const 2))
          (then (drop (call $leb (i32.const 12))) (br $done)))
        ;; br_table: fewer than 128 labels, and one more
        (if (i32.eq (local.get $op) (i32.const 0x0e))
          (then
            (local.set $count (call $leb (i32.const 12)))
            (loop $label
              (drop (call $leb (i32.const 12)))
              (br_if $label (i32.ge_s (local.tee $count (i32.sub (local.get $count) (i32.const 1))) (i32.const 0))))
            (br $done)))
        ;; loads and stores: alignment, offset
        (if (i32.lt_u (i32.sub (local.get $op) (i32.const 0x28)) (i32.const 0x17))
          (then (drop (call $leb (i32.const 0))) (drop (call $leb (i32.const 16))) (br $done)))
        ;; i32.const
        (if (i32.eq (local.get $op) (i32.const 0x41))
          (then (drop (call $leb (i32.const 20))) (br $done)))
        ;; global.get, global.set; memory.size, memory.grow, i64.const
        (if
          (i32.or
            (i32.lt_u (i32.sub (local.get $op) (i32.const 0x23)) (i32.const 2))
            (i32.lt_u (i32.sub (local.get $op) (i32.const 0x3f)) (i32.const 4)))
          (then (drop (call $leb (i32.const 0))) (br $done)))
        ;; call_indirect, f32.const, f64.const, and what has a prefix: so many bytes, said in front of them and not copied
        (if
          (i32.or
            (i32.or (i32.eq (local.get $op) (i32.const 0x11)) (i32.gt_u (local.get $op) (i32.const 0xcf)))
            (i32.lt_u (i32.sub (local.get $op) (i32.const 0x43)) (i32.const 2)))
          (then
            (local.set $count (call $byte (i32.const 0)))
            (global.set $out (i32.sub (global.get $out) (i32.const 1)))
            (call $bytes (local.get $count)))))
      (br_if $more (local.get $depth)))
    (local.set $count (i32.sub (i32.sub (global.get $out) (local.get $start)) (i32.const 3)))
    (i32.store8 (local.get $start) (i32.or (local.get $count) (i32.const 128)))
    (i32.store8 offset=1 (local.get $start) (i32.or (i32.shr_u (local.get $count) (i32.const 7)) (i32.const 128)))
    (i32.store8 offset=2 (local.get $start) (i32.shr_u (local.get $count) (i32.const 14))))

  ;; Gives the length of the module, which lies at OUT then.
  (func (export "unpack") (result i32)
    (local $functions i32)
    (call $bytes (i32.const HEAD))
    (local.set $functions (i32.const FUNCTIONS))
    (loop $more
      (call $function)
      (br_if $more (local.tee $functions (i32.sub (local.get $functions) (i32.const 1)))))
    (call $bytes (i32.const TAIL))
    (i32.sub (global.get $out) (i32.const OUT))))
