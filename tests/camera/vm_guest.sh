#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs inside vm.sh's machine, as its only program, beside a /dev/video0 of the driver `vivid`.
set -u

probe=${1:?usage: vm_guest.sh BIN}/live_probe
camera=/dev/video0
failed=0

# expect WHAT REGEX TEXT
expect() {
  if grep -Eq -- "$2" <<<"$3"; then
    echo "ok: $1"
  else
    echo "FAILED: $1: no line matches '$2' in:"
    echo "$3"
    failed=1
  fi
}

control() {
  v4l2-ctl -d "$camera" -c "$1"
}

expect "the list names it" "^$camera  vivid" "$("$probe" --list-cameras)"
expect "JSON names it" '"name": ?"vivid"' "$("$probe" --list-cameras --json)"

# All blue, without the text on top.
control osd_text_mode=2,test_pattern=9
out=$("$probe" --width 640 --height 480 --frames 5)
expect "the first camera is opened" "^open vivid \($camera\): 640x" "$out"
expect "blue is blue" "^frame .* 0,0,25[0-5] 0,0,25[0-5]" "$out"
expect "it reads on" "^enough" "$out"

"$probe" >/mnt/holder 2>&1 &
holder=$!
sleep 2
expect "two at once" "^error .*in use by live_probe" "$("$probe" vivid)"
kill "$holder"
wait "$holder"

# fault NAME CONTROL REGEX: a fault one second after the first frame, which a busy machine may keep
# waiting.
fault() {
  local out i
  "$probe" --stall 2000 >/mnt/out 2>&1 &
  local process=$!
  for ((i = 0; i < 100; i++)); do
    grep -q '^frame' /mnt/out && break
    sleep 0.2
  done
  sleep 1
  control "$2"
  sleep 4
  kill "$process" 2>/dev/null
  wait "$process"
  out=$(grep -v '^frame' /mnt/out)
  expect "$1" "$3" "$out"
}

fault "half of the frames are lost" percentage_of_dropped_buffers=50 '^counts [0-9]+ [1-9]'
control percentage_of_dropped_buffers=0
fault "a frame is marked as bad" inject_v4l2_buf_flag_error=1 '^counts [0-9]+ [0-9]+ [1-9][0-9]* 0'
fault "the stream breaks for good and is started anew" inject_fatal_streaming_error=1 \
  '^counts [0-9]+ [0-9]+ [0-9]+ 1'
control inject_vidioc_streamon_error=1
expect "it will not start" "^error cannot start camera" "$("$probe")"
fault "it is unplugged" disconnect=1 '^end camera .vivid. .* was unplugged'

exit "$failed"
