;; Makes of a text the bytes that it stands for, in place; js/scripts/inline.mjs writes such texts and says what they look like.
(module
  (memory (export "memory") 8)

  ;; Where a character stands in the alphabet: "#" is 0, and the backslash is left out.
  (func $place (param $at i32) (result i32)
    (local $code i32)
    (i32.sub
      (i32.sub (local.tee $code (i32.load8_u (local.get $at))) (i32.const 35))
      (i32.gt_u (local.get $code) (i32.const 92))))

  ;; The text lies from 0 to `end`, and the bytes will too; returns how many there are.
  (func (export "unpack") (param $end i32) (result i32)
    (local $from i32) (local $to i32) (local $byte i32)
    (loop $next
      (if (i32.ge_u (local.get $from) (local.get $end)) (then (return (local.get $to))))
      (local.set $byte (call $place (local.get $from)))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      (if (i32.ge_u (local.get $byte) (i32.const 72))
        (then
          (local.set $byte
            (i32.add
              (i32.add (i32.shl (i32.sub (local.get $byte) (i32.const 72)) (i32.const 6)) (i32.const 72))
              (call $place (local.get $from))))
          (local.set $from (i32.add (local.get $from) (i32.const 1)))))
      (i32.store8 (local.get $to) (local.get $byte))
      (local.set $to (i32.add (local.get $to) (i32.const 1)))
      (br $next))
    (unreachable)))
