#!/bin/sh
# Moves the metadata of a stopped Milvus from the format of 2.1 to that of 2.2 and back, without ever losing it.
#
#   metadata.sh probe      Milvus runs: can the tool work here, and does it look where this Milvus keeps its metadata?
#   metadata.sh backup     take the attempt's backup, or a new one when Milvus has run since
#   metadata.sh migrate    convert; when anything fails, put the backup back before failing
#   metadata.sh restore    give up: undo a migration that did not finish, or that nothing has used
#   metadata.sh rollback   undo a finished migration; what was written since is lost to Milvus, and set aside
#
# Every verb can be killed at any moment and run again. The migration tool removes the old records before it writes the
# new ones, so this script never lets it start without a checked backup and a mark on disk, and never lets it start
# twice without putting the backup back in between. And it never puts a backup over metadata that this migration cannot
# have left behind: an etcd that was repaired, replaced or used meanwhile stays as it is, unless OVERWRITE says so.
#
# Environment:
#   META_MIGRATION      the migration tool
#   DATA_DIR            the volume that keeps backups and marks, one folder for each attempt
#   WORK_DIR            scratch space, may be empty at every start
#   ATTEMPT             name of the attempt; a new one whenever Milvus has run since the last
#   SOURCE_VERSION, TARGET_VERSION           2.1.x and 2.2.x, without "v"
#   ETCD_ENDPOINTS      host:port, comma separated
#   ETCD_TLS_CA         where etcd speaks TLS: a file with the CA that has signed its certificate (default: plain text)
#   ETCD_TLS_CERT, ETCD_TLS_KEY    files with the client's certificate and its key; where neither is there, none is shown
#   ETCD_TLS_MIN_VERSION           1.0, 1.1, 1.2 or 1.3 (default: the tool's own, 1.3)
#   ETCD_ROOT_PATH, ETCD_META_SUB_PATH, ETCD_KV_SUB_PATH    where Milvus keeps its metadata
#   INSTALLATION        which installation of Milvus this is (opaque, may be empty): its backups are for no other
#   HINT_OVERWRITE, HINT_NEW_ATTEMPT, HINT_ROLLBACK     what a person types for these, in messages
#   HINT_ETCD_TLS, HINT_ETCD_PLAIN, HINT_ETCD_MIN_VERSION    the same for TLS: other certificates, none of it, older versions
#   OVERWRITE           `yes`: what is in etcd may be replaced by the backup although it is not explained; set aside first
#   SESSION_TIMEOUT     seconds to wait for sessions of Milvus or of a killed tool to expire (default 180)
#   SESSION_POLL        seconds between two looks (default 2)
#   ETCD_TIMEOUT        seconds of nothing but connection errors after which etcd counts as unreachable (default 60)
#   TOOL_LEASE          seconds the session of a killed tool lives (default 60)
#   TOOL_TIMEOUT        seconds one call of the tool may take (default 3600)
#   TERMINATION_LOG     gets the outcome as one line
#
# Runs with busybox ash and dash; needs awk, od, sha256sum, sync, mv, rm, mkdir, cat, date, sleep, wc.

set -u

# Exit codes. But for RESTORE_FAILED nothing was changed by this run, or what was changed is put back.
readonly USAGE=2 DISK_FULL=10 BACKUP_MISSING=11 BACKUP_CORRUPT=12 ETCD_UNREACHABLE=13 SESSIONS_ALIVE=14 \
  OTHER_MIGRATION=15 HALF_MIGRATED=16 VERSIONS_REFUSED=17 RESTORE_FAILED=18 VERIFY_FAILED=19 TOOL_FAILED=20 \
  METADATA_CHANGED=21 ALREADY_MIGRATED=22 OTHER_INSTALLATION=23 WRONG_PLACE=24 \
  TLS_REFUSED=25 INTERRUPTED=143

verb=${1:-}
started_at=$(date +%s)
outcome=
stopping=
must_finish=
# This very run let the tool migrate.
tool_has_run=
step=0
steps=0

# ------------------------------------------------------------------------------------------------ telling

say() { printf '[%4ss] %s\n' "$(($(date +%s) - started_at))" "$*"; }

step() {
  step=$((step + 1))
  say "Step $step of $steps: $*"
}

# end CODE SENTENCE: the only way out.
end() {
  outcome="metadata.sh $verb: $2"
  say "$2"
  if [ -n "${TERMINATION_LOG:-}" ]; then
    printf '%s\n' "$outcome" 2>/dev/null >"$TERMINATION_LOG" || say "could not write $TERMINATION_LOG"
  fi
  exit "$1"
}

on_exit() {
  code=$?
  if [ -z "$outcome" ]; then
    trap - EXIT
    end "$code" "ended unexpectedly in step $step of $steps with exit code $code. Run it again: it continues from its marks."
  fi
}

on_signal() {
  stopping=yes
  say "asked to stop"
}

# stop_if_asked SENTENCE: ends the run when a stop was asked for and nothing of this run is half done.
stop_if_asked() {
  [ -z "$stopping" ] || [ -n "$must_finish" ] || end "$INTERRUPTED" "stopped on request. $1 Run it again to go on."
}

# ------------------------------------------------------------------------------------------------ disk

# durable: everything written to the volume so far is on disk. `sync -f` means the volume's file system only; where
# sync does not know the option, all file systems.
durable() {
  sync -f "$DATA_DIR" 2>/dev/null || sync
}

# stage NAME…: writes the marks' files beforehand, so that setting a mark is a rename and cannot fail for want of space.
stage() {
  for name in "$@"; do
    printf 'attempt=%s source=%s target=%s staged=%s\n' "$ATTEMPT" "$SOURCE_VERSION" "$TARGET_VERSION" \
      "$(date -u +%Y-%m-%dT%H:%M:%SZ)" 2>/dev/null >"$folder/$name.tmp" || return 1
  done
  durable
}

mark() {
  [ -s "$folder/$1.tmp" ] || stage "$1" || return 1
  mv "$folder/$1.tmp" "$folder/$1" || return 1
  durable
}

clear_mark() {
  rm -f "$folder/$1" || return 1
  durable
}

marked() { [ -e "$folder/$1" ]; }

# is_half_migrated FOLDER: a migration or its undoing began there and did not end.
is_half_migrated() {
  [ -e "$1/migrate.started" ] && [ ! -e "$1/restore.done" ] &&
    { [ -e "$1/restore.started" ] || [ ! -e "$1/migrate.done" ]; }
}

no_space_hint="The backup volume is full. Enlarge the claim or delete attempts that are no longer needed, then run again."

# ------------------------------------------------------------------------------------------------ the session counter

# <root>/session/id goes up by one with every start of a Milvus component and with every call of the tool, and a rollback
# of the tool puts back the one of the backup. The file `counter` has what was seen at the last look that could be
# explained, and the calls since: whether anything but this script's tool has registered in between. An attempt without
# that file (of an earlier version of this script, or of a full volume) does not know, and then the counter proves nothing.

# read_counter: sets counter_base and counter_calls, both empty when unknown.
read_counter() {
  counter_base='' counter_calls=''
  if [ -s "$folder/counter" ]; then read -r counter_base counter_calls <"$folder/counter"; fi
  case $counter_base.$counter_calls in
    *[!0-9.]* | .* | *.) counter_base='' counter_calls='' ;;
  esac
}

# write_counter BASE CALLS: where it cannot be written it is unknown, since a wrong one would be worse.
write_counter() {
  if [ -n "$1" ] && printf '%s %s\n' "$1" "$2" 2>/dev/null >"$folder/counter.tmp"; then
    durable
    if mv "$folder/counter.tmp" "$folder/counter"; then
      durable
      return
    fi
  fi
  rm -f "$folder/counter.tmp" "$folder/counter"
  durable
}

# count_call COMMAND: before every call of the tool.
count_call() {
  if [ "$verb" = probe ] || ! marked backup.done; then return; fi
  read_counter
  if [ -z "$counter_base" ]; then return; fi
  counter_calls=$((counter_calls + 1))
  if [ "$1" = rollback ] && [ -n "$backup_counter" ] && [ "$backup_counter" -lt "$counter_base" ]; then
    counter_calls=$((counter_calls + counter_base - backup_counter))
    counter_base=$backup_counter
  fi
  write_counter "$counter_base" "$counter_calls"
}

# accept_look: what the last look saw is what this script expected.
accept_look() {
  write_counter "$now_counter" 0
}

# counter_of LISTING
counter_of() {
  awk -F '\t' -v key="$meta_root/session/id" '$1 == key && $4 ~ /^[0-9]+$/ { print $4 }' "$1"
}

# nobody_registered: nothing but this script's tool has registered between the last look that was accepted and this one.
# Where the counter shows something else, `registered` says so in a sentence.
nobody_registered() {
  registered=
  read_counter
  if [ -z "$counter_base" ] || [ -z "$now_counter" ]; then return 1; fi
  if [ "$now_counter" -lt "$counter_base" ]; then
    registered=" The session counter is $now_counter where this attempt had seen $counter_base: an earlier state of etcd was put back."
    return 1
  fi
  others=$((now_counter - counter_base - counter_calls))
  if [ "$others" -gt 0 ]; then
    registered=" Components of Milvus (or other runs of the tool) have registered at least $others times since this attempt last looked."
    return 1
  fi
}

# ------------------------------------------------------------------------------------------------ the tool

write_config() { # write_config COMMAND BACKUP_FILE
  {
    printf 'cmd:\n  type: %s\n  runWithBackup: false\n' "$1"
    printf 'config:\n  sourceVersion: "%s"\n  targetVersion: "%s"\n  backupFilePath: "%s"\n' \
      "$SOURCE_VERSION" "$TARGET_VERSION" "$2"
    printf 'metastore:\n  type: etcd\netcd:\n  endpoints:\n'
    IFS=,
    for endpoint in $ETCD_ENDPOINTS; do printf '    - "%s%s"\n' "$scheme" "$endpoint"; done
    unset IFS
    printf '  rootPath: "%s"\n  metaSubPath: "%s"\n  kvSubPath: "%s"\n' \
      "$ETCD_ROOT_PATH" "$ETCD_META_SUB_PATH" "$ETCD_KV_SUB_PATH"
    if [ "$tls" = mutual ]; then
      printf '  ssl:\n    enabled: true\n    tlsCACert: "%s"\n    tlsCert: "%s"\n    tlsKey: "%s"\n' \
        "$ETCD_TLS_CA" "$ETCD_TLS_CERT" "$ETCD_TLS_KEY"
      if [ -n "${ETCD_TLS_MIN_VERSION:-}" ]; then printf '    tlsMinVersion: "%s"\n' "$ETCD_TLS_MIN_VERSION"; fi
    fi
  } 2>/dev/null >"$WORK_DIR/$1.yaml"
}

# What the tool's last output means: one word and, after it, the line that says so.
read_tool_log() {
  awk '
    { gsub(/\033\[[0-9;]*m/, "") }
    /will be removed!/ { touched = 1 }
    /no space left on device|[Dd]isk quota exceeded|[Ff]ile too large|file size limit exceeded/ { disk = $0 }
    /there are still sessions alive/ { sessions = $0 }
    /other migration is running|CompareAndSwap error/ { other = $0 }
    /session up\/down/ { changed = $0 }
    /version not supported|is forbidden|higher version to lower|Major.Minor.Patch|Invalid character|leading zeroes/ { if (!/tls: /) versions = $0 }
    /no need to migrate/ { versions = $0 }
    /x509: |tls: |authentication handshake failed|load etcd (cert key pair|CACert file) error|unknown TLS version/ { tls = $0 }
    /Error while dialing|connection refused|no such host|i\/o timeout|DeadlineExceeded|deadline exceeded|no available endpoints|connection reset|EOF|etcdserver:/ { etcd = $0 }
    # Said after whatever went wrong.
    /[^ \t]/ && !/migration session expired/ { last = $0 }
    END {
      t = touched ? "touched " : "untouched "
      if (sessions != "") print t "sessions " sessions
      else if (other != "") print t "other " other
      else if (disk != "") print t "disk " disk
      else if (changed != "") print t "changed " changed
      else if (versions != "") print t "versions " versions
      else if (tls != "") {
        # What a client of etcd logs is JSON, with the cause deep in it.
        gsub(/\\"/, "\"", tls)
        if (match(tls, /(remote error|x509|tls|load etcd|unknown TLS)[: ]/)) tls = substr(tls, RSTART)
        else if (match(tls, /authentication handshake failed/)) tls = substr(tls, RSTART)
        sub(/"*}$/, "", tls); sub(/"*\. Reconnecting\.*$/, "", tls); sub(/"+$/, "", tls)
        print t "tls " tls
      }
      else if (etcd != "") print t "etcd " etcd
      else print t "unknown " last
    }' "$WORK_DIR/tool.log"
}

# call_tool COMMAND BACKUP_FILE: one call, bounded in time. Sets `tool_code` and, from its output, `tool_touched`,
# `tool_problem` and `tool_line`. A request to stop ends the call at once unless it must finish.
call_tool() {
  if ! write_config "$1" "$2"; then
    tool_code=1 tool_touched=untouched tool_problem=disk tool_line="cannot write $WORK_DIR/$1.yaml"
    return
  fi
  tool_ended_late=
  count_call "$1"
  "$META_MIGRATION" -config="$WORK_DIR/$1.yaml" >"$WORK_DIR/tool.log" 2>&1 &
  tool_pid=$!
  begun=$(date +%s)
  looks=0
  pause=0.05
  next_word=15
  while kill -0 "$tool_pid" 2>/dev/null; do
    # Short looks first: most calls take milliseconds. A sleep that knows no fractions sleeps a whole second.
    if [ "$looks" -eq 40 ]; then pause=0.25; fi
    sleep "$pause" 2>/dev/null || sleep 1
    looks=$((looks + 1))
    took=$(($(date +%s) - begun))
    if [ "$took" -ge "$next_word" ]; then
      say "the tool's $1 is still at it after $took s"
      next_word=$((next_word + 15))
    fi
    if [ -n "$stopping" ] && [ -z "$must_finish" ]; then kill -TERM "$tool_pid" 2>/dev/null; fi
    if [ "$took" -ge "$TOOL_TIMEOUT" ]; then
      say "the tool's $1 takes longer than $TOOL_TIMEOUT s: ending it"
      tool_ended_late=yes
      kill -KILL "$tool_pid" 2>/dev/null
    elif [ "$took" -ge "$ETCD_TIMEOUT" ] && cannot_connect; then
      kill -KILL "$tool_pid" 2>/dev/null
    fi
  done
  wait "$tool_pid"
  tool_code=$?
  cat "$WORK_DIR/tool.log"
  words=$(read_tool_log)
  tool_touched=${words%% *} words=${words#* }
  tool_problem=${words%% *} tool_line=${words#* }
}

# cannot_connect: the running call has said nothing but that it cannot reach etcd.
cannot_connect() {
  case $(read_tool_log) in
    'untouched etcd '* | 'untouched tls '*) return 0 ;;
    *) return 1 ;;
  esac
}

# call_tool_when_free COMMAND BACKUP_FILE: calls again while the tool refuses because something has a session, at most
# SESSION_TIMEOUT seconds. A refusal comes before anything is changed. A killed tool's own session is always waited for.
call_tool_when_free() {
  first_call=$(date +%s)
  said=
  while :; do
    call_tool "$1" "$2"
    if [ "$tool_code" -eq 0 ] || [ "$tool_touched" = touched ]; then return; fi
    patience=$SESSION_TIMEOUT
    case $tool_problem in
      # changed: a session ended, or came up, while the tool looked; the next look tells which.
      sessions | changed) ;;
      other) if [ "$patience" -lt "$((TOOL_LEASE + 10))" ]; then patience=$((TOOL_LEASE + 10)); fi ;;
      *) return ;;
    esac
    if [ "$(($(date +%s) - first_call))" -ge "$patience" ]; then return; fi
    if [ -n "$stopping" ] && [ -z "$must_finish" ]; then return; fi
    [ "$said" = "$tool_line" ] || say "waiting up to $patience s: $tool_line"
    said=$tool_line
    sleep "$SESSION_POLL"
  done
}

# name_sessions: which sessions the tool's last refusal is about.
name_sessions() {
  session_kind=${tool_line#*prefix: }
  session_kind=${session_kind%%,*}
  session_count=${tool_line##*: }
}

# why_tool_failed: sets `reason_code` and `reason` for the last call.
why_tool_failed() {
  case $tool_problem in
    sessions)
      reason_code=$SESSIONS_ALIVE
      name_sessions
      reason="sessions under $meta_root/session/ did not expire within $SESSION_TIMEOUT s: $session_kind ($session_count alive; the tool names the first kind it finds). Something still runs Milvus: look for pods of this release and for what scales them up." ;;
    other)
      reason_code=$OTHER_MIGRATION
      waited=" and did not end within $patience s"
      if [ "$patience" -eq 0 ]; then waited=; fi
      reason="another migration holds $meta_root/session/migration$waited. A killed one holds it for $TOOL_LEASE s." ;;
    disk)
      reason_code=$DISK_FULL
      reason="no space: $tool_line. $no_space_hint" ;;
    changed)
      reason_code=$SESSIONS_ALIVE
      reason="a Milvus component came up or went down meanwhile: $tool_line. Find what starts it (an autoscaler, a GitOps controller, a person)." ;;
    versions)
      reason_code=$VERSIONS_REFUSED
      reason="the tool refuses $SOURCE_VERSION to $TARGET_VERSION: $tool_line." ;;
    etcd)
      reason_code=$ETCD_UNREACHABLE
      reason="etcd at $ETCD_ENDPOINTS cannot be reached: $tool_line."
      # To plain text an etcd that speaks TLS answers with nothing, or with an HTTP error.
      case $tool_line in
        *EOF* | *'server preface'* | *'HTTPS server'* | *'connection reset'*)
          if [ -z "$tls" ]; then reason="$reason Where etcd asks for TLS: $HINT_ETCD_TLS."; fi ;;
      esac ;;
    tls)
      reason_code=$TLS_REFUSED
      why_tls_failed
      reason="etcd at $ETCD_ENDPOINTS cannot be asked by TLS: $tls_why ($tool_line). What to do: $tls_hint." ;;
    *)
      reason_code=$TOOL_FAILED
      if [ -n "$tool_ended_late" ]; then
        reason="the tool took longer than $TOOL_TIMEOUT s (TOOL_TIMEOUT) and was ended. It asks etcd for one key at a time, which takes very long with many keys: give it more time."
        return
      fi
      reason="the tool failed with exit code $tool_code: $tool_line." ;;
  esac
}

# why_tls_failed: sets `tls_why` and `tls_hint` for what the tool, or etcd, says of TLS.
why_tls_failed() {
  tls_hint=$HINT_ETCD_TLS
  case $tool_line in
    *'first record does not look like a TLS handshake'* | *'HTTP response to HTTPS client'* | *'handshake failed: '*EOF* | *'handshake failed: '*'connection reset'*)
      tls_why="etcd does not answer to TLS: it speaks plain text" tls_hint=$HINT_ETCD_PLAIN ;;
    *'protocol version'* | *'supported versions'*)
      tls_why="etcd speaks only older versions of TLS than ${ETCD_TLS_MIN_VERSION:-1.3}" tls_hint=$HINT_ETCD_MIN_VERSION ;;
    *'certificate required'*)
      tls_why="etcd asks for a certificate of the client, and there is none"
      # Go shows only one that the CA of whoever asks has signed.
      if [ "$tls" = mutual ]; then tls_why="etcd asks for a certificate of the client that its own CA has signed, and $ETCD_TLS_CERT is none"; fi ;;
    *'remote error'*) tls_why="etcd does not take the certificate of the client, ${ETCD_TLS_CERT:-none}" ;;
    *'expired or is not yet valid'*)
      tls_why="the certificate that etcd shows is not valid now" tls_hint="renew etcd's certificate, then run again" ;;
    *'certificate is valid for'* | *'valid for any names'* | *'IP SANs'*)
      tls_why="the certificate that etcd shows is for other names than the endpoint's"
      tls_hint="give etcd a certificate with that name, or name the endpoints as its certificate does" ;;
    *x509:*) tls_why="the certificate that etcd shows is not signed by the CA in $ETCD_TLS_CA" ;;
    *'load etcd'* | *PEM* | *'private key'*) tls_why="the files of the certificates cannot be used" ;;
    *) tls_why="it failed" ;;
  esac
}

# ------------------------------------------------------------------------------------------------ backup files

# read_backup FILE LISTING: reads every entry as the tool's rollback would and lists key, size and a checksum of the
# value; of the session counter the value as well. Prints the number of entries, or what is wrong with the file (exit
# code 1).
#
# Every byte passes through awk, and Milvus is down meanwhile. So od gives each block twice: as bytes, for keys and
# structure, and as words of four bytes, for values. A value, as one number with its first byte the lowest, divided by 2^32
# once for each word and taken modulo P, is its checksum: it is the same wherever in a word the value begins. With P = Y *
# 2^32 - 1, a prime, Y is that division, and no product leaves the whole numbers that awk can hold (2^53).
read_backup() {
  bytes=$(wc -c <"$1") || return 1
  printf '' 2>/dev/null >"$2" || return 1
  width=512
  printf x | od -An -v -tx1 -tu4 "-w$width" >/dev/null 2>&1 || width=16
  wide=-w$width
  if [ "$width" -eq 16 ]; then wide=-v; fi
  od -An -v -tx1 -tu4 "$wide" "$1" | LC_ALL=C awk -v out="$2" -v bytes="$((bytes))" -v width="$width" '
    function bad(why) { print why " near byte " at + pos; exit 1 }
    function next_block() {
      at += held; pos = 0
      held = bytes - at < width ? bytes - at : width
      if (held <= 0 || (getline digits) <= 0 || (getline) <= 0) { held = 0; bad("truncated") }
    }
    function byte() {
      if (pos >= held) next_block()
      left--
      return number[substr(digits, 3 * pos++ + 2, 2)]
    }
    function varint(  value, scale, b) {
      scale = 1
      do {
        if (left <= 0) bad("a cut number")
        b = byte()
        value += (b % 128) * scale; scale *= 128
      } while (b >= 128)
      return value + 0
    }
    function skip(n,   part) {
      for (left -= n; n > 0; n -= part) {
        if (pos >= held) next_block()
        part = held - pos < n ? held - pos : n
        pos += part
      }
    }
    # text(N): N bytes as text. Keys begin alike, so the pieces are remembered, so many of them at most.
    function text(n,   all, piece, some, begin, end) {
      for (left -= n; n > 0; ) {
        if (pos >= held) next_block()
        end = pos + n > held ? held : pos + n
        n -= end - pos
        begin = -1
        if (all == "" && pos + 24 <= end) {
          piece = substr(digits, 3 * pos + 2, 71)
          if (piece in heads) { all = heads[piece]; pos += 24 }
          else begin = pos
        }
        for (; pos + 4 <= end; pos += 4) {
          if (begin >= 0 && pos == begin + 24 && known_heads++ < 5000) heads[substr(digits, 3 * begin + 2, 71)] = all
          piece = substr(digits, 3 * pos + 2, 11)
          if (piece in fours) { all = all fours[piece]; continue }
          some = chr[substr(piece, 1, 2)] chr[substr(piece, 4, 2)] chr[substr(piece, 7, 2)] chr[substr(piece, 10, 2)]
          if (known_fours++ < 50000) fours[piece] = some
          all = all some
        }
        for (; pos < end; pos++) all = all chr[substr(digits, 3 * pos + 2, 2)]
      }
      return all
    }
    # word_part(SUM, BYTES, VALUE): a part of a word, up to three bytes.
    function word_part(sum, n, value) {
      for (sum = (sum + value) * Y % P; n < 4; n++) sum = sum * 256 % P
      return sum
    }
    function checksum(n,   sum, word, last, some, value, end) {
      sum = 0
      for (left -= n; n > 0; pos = end) {
        if (pos >= held) next_block()
        end = pos + n > held ? held : pos + n
        n -= end - pos
        word = int(pos / 4) + 1
        if (pos % 4) {
          value = int($word / scale_of[pos % 4]); word++
          some = 4 - pos % 4
          if (pos + some > end) { some = end - pos; value %= scale_of[some] }
          sum = word_part(sum, some, value)
        }
        last = int(end / 4)
        for (; word < last; word += 2) sum = ((sum + $word) * Y % P + $(word + 1)) * Y % P
        if (word == last) { sum = (sum + $word) * Y % P; word++ }
        if (word == last + 1 && end % 4) sum = word_part(sum, end % 4, $word % scale_of[end % 4])
      }
      return sum
    }
    BEGIN {
      Y = 1442; P = 6193342840831
      scale_of[1] = 256; scale_of[2] = 65536; scale_of[3] = 16777216
      for (i = 0; i < 256; i++) {
        number[sprintf("%02x", i)] = i
        chr[sprintf("%02x", i)] = (i > 32 && i < 127 && i != 92) ? sprintf("%c", i) : sprintf("\\%03o", i)
      }
      while (at + pos < bytes) {
        # 8 bytes, the lowest first: the length of the message that follows.
        piece = pos + 8 <= held ? substr(digits, 3 * pos + 2, 23) : ""
        if (piece in lengths) { left = lengths[piece]; pos += 8 }
        else {
          length_ = 0; scale = 1
          for (i = 0; i < 8; i++) { length_ += byte() * scale; scale *= 256 }
          left = length_
          if (piece != "" && known_lengths++ < 50000) lengths[piece] = left
        }
        if (left == 0) bad("an empty message")
        if (left > bytes - at - pos) bad("truncated: a message of " left " bytes begins")
        key = ""; size = 0; sum = 0
        while (left > 0) {
          # A tag and a length take two or three bytes, mostly the same ones.
          piece = pos + 3 <= held && left >= 3 ? substr(digits, 3 * pos + 2, 8) : ""
          if (piece in begun) { field = begun[piece]; n = lasts[piece]; wire = 2; pos += takes[piece]; left -= takes[piece] }
          else {
            before = left
            field = varint(); wire = field % 8; field = int(field / 8)
            if (wire != 0 && wire != 2) bad("an unknown field type " wire)
            if (left <= 0) bad("a cut field")
            n = varint()
            if (piece != "" && wire == 2 && before - left <= 3 && known_fields++ < 50000) { begun[piece] = field; lasts[piece] = n; takes[piece] = before - left }
          }
          if (wire == 0) { if (!has_header && field == 4) entries = n; continue }
          if (n > left) bad("a field longer than its message")
          if (!has_header && field == 6) extra = text(n)
          else if (has_header && field == 1) key = text(n)
          else if (has_header && field == 2) {
            size = n
            if (n < 20 && key ~ /\/session\/id$/) counter = "\t" text(n)
            else sum = checksum(n)
          } else skip(n)
        }
        if (!has_header) {
          has_header = 1
          if (index(extra, "\"entry_include_root_path\":true") == 0) bad("entries without their root path: a tool older than milvusdb/meta-migration:v2.2.0")
          continue
        }
        if (key == "") bad("an entry without a key")
        if (key in seen) bad("key " key " twice")
        seen[key] = 1
        count++
        printf "%s\t%d\t%.0f%s\n", key, size, sum, counter > out
        counter = ""
      }
      if (!has_header) { print "truncated at byte " bytes; exit 1 }
      if (count + 0 != entries + 0) { print "has " count + 0 " entries where its header says " entries + 0; exit 1 }
      print count + 0
    }'
}

# What the keys below the metadata root are to the migration, for the awk programs below.
#   kind(KEY): counter, or a record that both versions have, with another value in each (collection), that 2.1 alone has (old)
#     or 2.2 alone (new), of 2.1's last DDL (ddl), of what is loaded (loaded), or nothing that the migration touches (other)
#   source(KEY), for a key of 2.2: the key of 2.1 that the migration makes it from. stem(KEY), for a key of 2.1, is what
#     source gives: a segment's index is found by the segment.
#   is_cleaned(KEY): under a prefix that the tool removes, in a migration (2.1) or a rollback (both)
# shellcheck disable=SC2016 # $1 and the like are awk's.
keys='
  function below(key) { return index(key, root) == 1 ? substr(key, length(root) + 1) : key }
  function kind(key) {
    if (key ~ /^datacoord-meta\//) return "other"
    if (key ~ /^(snapshots\/)?root-coord\/collection\//) return "collection"
    if (key ~ /^((snapshots\/)?root-coord\/collection-alias|root-coord\/(segment-)?index|indexes)\//) return "old"
    if (key ~ /^((snapshots\/)?root-coord\/(aliases|partitions|fields|database)|field-index|segment-index|querycoord-(collection|partition)-loadinfo)\//) return "new"
    if (key ~ /^queryCoord-collectionMeta\//) return "loaded"
    if (key ~ /^(snapshots\/)?root-coord\/dd-(operation|msg-send)/) return "ddl"
    return key == "session/id" ? "counter" : "other"
  }
  function stem(key,   part) {
    if (key !~ /^root-coord\/segment-index\//) return key
    split(key, part, "/")
    return "root-coord/segment-index/" part[3]
  }
  function source(key,   part) {
    if (sub(/root-coord\/aliases\//, "root-coord/collection-alias/", key)) return key
    if (sub(/^field-index\//, "root-coord/index/", key)) return key
    split(key, part, "/")
    if (part[1] == "segment-index") return "root-coord/segment-index/" part[4]
    if (part[1] ~ /^querycoord-(collection|partition)-loadinfo$/) return "queryCoord-collectionMeta/" part[2]
    return ""
  }
  function is_cleaned(key) {
    return key ~ /^(snapshots|field-index|segment-index|indexes|querycoord-(collection|partition)-loadinfo|root-coord\/(collection|partitions|fields|aliases|segment-index|index|dd-msg-send|dd-operation))/
  }
  function differs(what) { if (differences++ < 3) differing = differing "; " what }
'

# describe LISTING: counts by kind on one line. Exit code 1: a key outside of the root path. 2: records of 2.2 are among
# them. 3: what a migration leaves behind that died after removing the old records: the snapshot of a collection that was not
# dropped without the collection, a collection without its snapshot, or segments without any of them. 4: nothing, but for the session counter.
describe() {
  awk -F '\t' -v root="$meta_root/" "$keys"'
    index($1, root) != 1 { print "key " $1 " is not under " root; outside = 1; exit 1 }
    {
      key = below($1); is = kind(key)
      total++
      if (is == "counter") others++
      else if (key ~ /^datacoord-meta\/s\//) segments++
      else if (is == "collection" && key !~ /^snapshots/) { collections++; split(key, part, "/"); is_there[part[3]] = 1 }
      else if (is == "collection") {
        snapshots++
        # The newest snapshot of each; the time is a number too long for awk.
        id = key; sub(/_ts[0-9]*$/, "", id)
        time = substr(key, length(id) + 4)
        if (length(time) > length(newest[id]) || (length(time) == length(newest[id]) && time "" >= newest[id] "")) { newest[id] = time; size[id] = $2 }
      }
      else if (key ~ /^root-coord\/(collection-alias|aliases)\//) aliases++
      else if (key ~ /^(root-coord\/index|field-index)\//) indexes++
      else if (key ~ /^(root-coord\/segment-index|segment-index)\//) segment_indexes++
      if (is == "new") newer = 1
    }
    END {
      if (outside) exit 1
      print total + 0 " entries: " collections + 0 " collections, " snapshots + 0 " collection snapshots, " aliases + 0 " aliases, " indexes + 0 " field indexes, " segment_indexes + 0 " segment indexes, " segments + 0 " segments"
      if (total == others + 0) exit 4
      if (newer) exit 2
      # A snapshot of 3 bytes is the tombstone of a drop.
      for (id in size) { split(id, part, "/"); has_snapshot[part[4]] = 1; if (size[id] != 3 && !(part[4] in is_there)) exit 3 }
      # 2.1 writes a snapshot with every collection. Segments may be left over from a rollback of 2.2.
      for (id in is_there) if (!(id in has_snapshot)) exit 3
      if (segments && !collections && !snapshots) exit 3
    }' "$1"
}

# same_entries BACKUP NOW MODE: MODE `equal`: the same keys and values; `contains`: every entry of BACKUP is in NOW,
# more may be. The session counter is left out: every run of the tool moves it. Prints what differs.
same_entries() {
  awk -F '\t' -v root="$meta_root/" -v mode="$3" "$keys"'
    $1 == root "session/id" { next }
    FILENAME == ARGV[1] { old[$1] = $0; next }
    !($1 in old) { extra++; if (mode == "equal") differs("new " $1); next }
    old[$1] != $0 { differs("changed " $1) }
    { delete old[$1] }
    END {
      for (key in old) differs("missing " key)
      if (differences) { print differences " entries differ" differing; exit 1 }
      print extra + 0
    }' "$1" "$2"
}

# is_migrated BEFORE NOW: every record of 2.1 has its counterpart of 2.2, what the migration does not concern is
# unchanged, and no 2.1 record is left. Prints what is wrong.
is_migrated() {
  awk -F '\t' -v root="$meta_root/" "$keys"'
    { key = below($1); is = kind(key) }
    is == "counter" { next }
    FILENAME == ARGV[1] {
      if (is == "ddl") next
      if (is == "old") {
        if (key ~ /^root-coord\/segment-index\//) built[stem(key)]++
        if (key ~ /^root-coord\/index\//) may[key] = 1
        if (key ~ /root-coord\/collection-alias\//) must[key] = 1
        next
      }
      if (is == "collection") { must[key] = 1; next }
      if (is == "loaded") may[key] = 1
      same[key] = $2 "\t" $3
      next
    }
    is == "old" { differs("still of 2.1: " key); next }
    is == "new" {
      from = source(key)
      if (from in must) { if ($2 == 0) differs("empty " key); delete must[from] }
      else if (from in built) { built[from]--; segment_indexes++ }
      else if (!(from in may)) differs("unexpected " key)
      else if (key ~ /^field-index\//) field_indexes++
      next
    }
    key in must { if ($2 == 0) differs("empty " key); delete must[key]; next }
    key in same { if (same[key] != $2 "\t" $3) differs("changed " key); delete same[key]; next }
    { differs("unexpected " key) }
    END {
      for (key in must) differs("missing what comes of " key)
      for (key in same) differs("missing " key)
      for (key in built) if (built[key] != 0) differs("segment indexes that come of " key ": " built[key] " missing")
      if (segment_indexes && !field_indexes) differs("segment indexes without any field index")
      if (differences) { print differences " differences" differing; exit 1 }
    }' "$1" "$2"
}

# is_explained BACKUP REPLACED NOW RESTORING: an interrupted or failed migration or restore of BACKUP can have left NOW. An entry is
# as in BACKUP, or what its migration makes of one; or as in REPLACED, which is set aside: while it is being replaced
# (RESTORING), and afterwards where the tool does not remove it. Missing is only what the tool removes. Prints what is not
# explained.
is_explained() {
  awk -F '\t' -v root="$meta_root/" -v restoring="$4" "$keys"'
    { key = below($1); value = $2 "\t" $3 }
    key == "session/id" { next }
    FILENAME == ARGV[1] {
      old[key] = value
      is = kind(key)
      if (is == "old" || is == "loaded") sources[stem(key)] = 1
      next
    }
    FILENAME == ARGV[2] { if (restoring || !is_cleaned(key)) replaced[key] = value; next }
    {
      if ((key in old) && value == old[key]) { }
      else if ((key in replaced) && value == replaced[key]) { }
      else if (key in old) { if (kind(key) != "collection" || $2 == 0) differs("changed " $1) }
      else if (!(source(key) in sources)) differs("new " $1)
      delete old[key]
    }
    END {
      for (key in old) if (!is_cleaned(key)) differs("missing " root key)
      if (differences) { print differences " entries" differing; exit 1 }
    }' "$1" "$2" "$3"
}

# is_of_22 BACKUP MIGRATED NOW: NOW may be what 2.2 has made of MIGRATED: no record that only 2.1 has, no collection as it was before
# the migration, not all of them gone, and no new one without partitions of its own, which 2.1 keeps in the collection. Prints
# what says otherwise.
is_of_22() {
  awk -F '\t' -v root="$meta_root/" "$keys"'
    { key = below($1); is = kind(key); value = $2 "\t" $3 }
    FILENAME == ARGV[1] { if (is == "collection") { before[key] = value; had++ } next }
    FILENAME == ARGV[2] { if (is == "collection") { after[key] = value; had++ } next }
    is == "old" { differs("of 2.1: " $1) }
    is == "collection" || key ~ /^(snapshots\/)?root-coord\/database\// { has++ }
    key ~ /^root-coord\/partitions\// { split(key, part, "/"); has_partitions[part[3]] = 1 }
    key ~ /^root-coord\/collection\// && !(key in before) && !(key in after) { split(key, part, "/"); is_new[part[3]] = $1 }
    is == "collection" && (key in before) && (key in after) && value == before[key] && value != after[key] { differs("as before the migration: " $1) }
    END {
      if (had && !has) differs("no collection is left")
      for (id in is_new) if (!(id in has_partitions)) differs("of 2.1: " is_new[id])
      if (differences) { print differences " entries" differing; exit 1 }
    }' "$1" "$2" "$3"
}

# read_record FILE: sets what the record of a backup says.
read_record() {
  size='' entries='' sha256='' sourceVersion='' targetVersion='' rootPath='' createdAt='' installation='' listSha256=''
  while IFS= read -r line; do
    value=${line#*=}
    case $line in
      size=*) size=$value ;;
      entries=*) entries=$value ;;
      sha256=*) sha256=$value ;;
      sourceVersion=*) sourceVersion=$value ;;
      targetVersion=*) targetVersion=$value ;;
      rootPath=*) rootPath=$value ;;
      createdAt=*) createdAt=$value ;;
      installation=*) installation=$value ;;
      listSha256=*) listSha256=$value ;;
    esac
  done <"$1"
}

refuse_other_installation() {
  if [ -z "$installation" ] || [ -z "$INSTALLATION" ] || [ "$installation" = "$INSTALLATION" ]; then return; fi
  end "$OTHER_INSTALLATION" "the backup of attempt $ATTEMPT was taken of another installation of Milvus ($installation; this is $INSTALLATION) and is not used for this one. Nothing was changed. This one needs an attempt and a volume of its own."
}

# has_checksum FILE SHA256
has_checksum() {
  found_sha256=$(sha256sum 2>/dev/null <"$1") && [ "${found_sha256%% *}" = "$2" ]
}

# is_recorded FILE: FILE is what the record that was read last says. Else `problem` and `problem_code`.
is_recorded() {
  problem_code=$BACKUP_CORRUPT
  found_size=$(($(wc -c <"$1")))
  if [ "$found_size" != "$size" ]; then
    problem="the backup $1 has $found_size bytes where $size are recorded."
    return 1
  fi
  has_checksum "$1" "$sha256" || { problem="the backup $1 does not have its recorded checksum." && return 1; }
}

# is_good_backup: the attempt's backup is there and is what was recorded, and every entry of it was read: now, or when it was
# recorded with its listing, which is still that. This is the rehearsal of the restore: the tool itself puts entries back under the keys
# they carry, root path included, so it cannot be pointed at a scratch root path without touching the real one.
# Sets `backup_list` and `backup_counter`; or `problem` and `problem_code`, and then they are empty.
is_good_backup() {
  backup=$folder/migration.bak
  backup_list=/dev/null backup_counter=''
  problem_code=$BACKUP_MISSING
  for file in "$backup" "$folder/backup.record"; do
    [ -s "$file" ] || { problem="$file is missing, although the attempt has a backup." && return 1; }
  done
  read_record "$folder/backup.record"
  refuse_other_installation
  [ "$sourceVersion $targetVersion $rootPath" = "$SOURCE_VERSION $TARGET_VERSION $meta_root" ] || {
    problem_code=$VERSIONS_REFUSED
    problem="the backup of attempt $ATTEMPT is for $sourceVersion to $targetVersion under $rootPath, not for $SOURCE_VERSION to $TARGET_VERSION under $meta_root."
    return 1
  }
  is_recorded "$backup" || return 1
  if [ -n "$listSha256" ] && [ -s "$folder/backup.list" ] && has_checksum "$folder/backup.list" "$listSha256"; then
    backup_list=$folder/backup.list
  else
    say "reading every entry of the backup ($size bytes)"
    if ! found_entries=$(read_backup "$backup" "$WORK_DIR/backup.list"); then
      problem="the backup $backup cannot be read: $found_entries."
      return 1
    fi
    if [ "$found_entries" != "$entries" ]; then
      problem="the backup $backup has $found_entries entries where $entries are recorded."
      return 1
    fi
    backup_list=$WORK_DIR/backup.list
  fi
  backup_counter=$(counter_of "$backup_list")
  say "backup of $createdAt: $size bytes, $entries entries, checksum as recorded, every entry readable"
}

check_recorded_backup() {
  is_good_backup || end "$problem_code" "$problem $1"
}

# look_at_metadata [keep]: lists what is in etcd now in now.list and sets now_counter, by a backup that is thrown away unless it
# is to be kept: on the volume or, when that is full, in the scratch space ($place/now.bak). Exit code 1: `reason_code` and
# `reason` say why not.
look_at_metadata() {
  for place in "$folder" "$WORK_DIR"; do
    rm -f "$place/now.bak"
    call_tool_when_free backup "$place/now.bak"
    if [ "$tool_code" -eq 0 ] || [ "$tool_problem" != disk ]; then break; fi
    rm -f "$place/now.bak"
  done
  if [ "$tool_code" -ne 0 ]; then
    rm -f "$place/now.bak"
    stop_if_asked "This run has changed nothing."
    why_tool_failed
    return 1
  fi
  say "reading every entry that is in etcd now"
  if ! now_entries=$(read_backup "$place/now.bak" "$WORK_DIR/now.list"); then
    reason_code=$TOOL_FAILED reason="what the tool read from etcd cannot be read: $now_entries."
    rm -f "$place/now.bak"
    return 1
  fi
  now_counter=$(counter_of "$WORK_DIR/now.list")
  if [ "${1:-}" != keep ]; then rm -f "$place/now.bak"; fi
}

# drop_look: of a look that was kept and is not needed after all.
drop_look() {
  rm -f "$folder/now.bak" "$WORK_DIR/now.bak"
}

# ------------------------------------------------------------------------------------------------ putting back

# find_replaced: lists in replaced_list what this attempt has set aside last; /dev/null when nothing that can be read.
find_replaced() {
  replaced_list=/dev/null
  number=1
  while [ -e "$folder/replaced-$number.record" ]; do number=$((number + 1)); done
  newest=$folder/replaced-$((number - 1))
  if [ "$number" -eq 1 ]; then return; fi
  # The record of the backup is what the rest of the run needs.
  backup_size=$size backup_entries=$entries backup_sha256=$sha256 backup_createdAt=$createdAt
  read_record "$newest.record"
  if [ -s "$newest.bak" ] && is_recorded "$newest.bak" && read_backup "$newest.bak" "$WORK_DIR/replaced.list" >/dev/null; then
    replaced_list=$WORK_DIR/replaced.list
  else
    say "$newest.bak is not what was set aside: it explains nothing"
  fi
  size=$backup_size entries=$backup_entries sha256=$backup_sha256 createdAt=$backup_createdAt
}

# set_aside: keeps what the last look (look_at_metadata keep) has read from etcd, as replaced-N, before the backup goes over it.
set_aside() {
  [ "$place" = "$folder" ] || {
    drop_look
    end "$DISK_FULL" "what is in etcd could not be set aside, nothing changed. $no_space_hint"
  }
  number=1
  while [ -e "$folder/replaced-$number.record" ]; do number=$((number + 1)); done
  aside=$folder/replaced-$number
  now_size=$(($(wc -c <"$folder/now.bak")))
  now_sha256=$(sha256sum <"$folder/now.bak") || now_sha256=
  now_sha256=${now_sha256%% *}
  # The marks of the way back as well: with them on the disk nothing on it needs space any more.
  {
    printf 'size=%s\nentries=%s\nsha256=%s\ncreatedAt=%s\ncounter=%s\n' "$now_size" "$now_entries" "$now_sha256" \
      "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$now_counter" 2>/dev/null >"$aside.record.tmp" &&
      stage migrate.started restore.started restore.done &&
      has_checksum "$folder/now.bak" "$now_sha256" &&
      mv "$folder/now.bak" "$aside.bak" &&
      mv "$aside.record.tmp" "$aside.record"
  } || {
    rm -f "$aside.record.tmp"
    drop_look
    end "$DISK_FULL" "what is in etcd could not be set aside, nothing changed. $no_space_hint"
  }
  durable
  say "set aside what is in etcd: $aside.bak, $now_entries entries, in the tool's own format"
}

overwrite_hint() {
  printf '%s' "To put the backup of $createdAt ($entries entries) over it: $HINT_OVERWRITE. What is in etcd is then kept on the volume as replaced-N.bak, and Milvus does not know what came after the backup"
}

# put_back: restores the backup and compares. Marks the begin and the end. Does not return on a failure: then the metadata
# must not be used. Sets `mode`: whether etcd is `equal` to the backup, or `contains` it.
put_back() {
  must_finish=yes
  # What 2.2, or whoever used an etcd that is set aside, has written outside of what the tool removes stays where it is.
  mode=equal
  if marked migrate.done || [ -e "$folder/replaced-1.record" ]; then mode=contains; fi
  # In this order, whatever the marks say so far: killed in between, the attempt counts as before or as half migrated.
  if ! { { marked restore.started || mark restore.started; } && { marked migrate.started || mark migrate.started; } &&
    { ! marked restore.done || clear_mark restore.done; }; }; then
    is_half_migrated "$folder" || end "$DISK_FULL" "the restore could not begin, nothing changed: a mark could not be written. $no_space_hint"
    end "$RESTORE_FAILED" "the restore could not begin: a mark could not be written. $no_space_hint $danger"
  fi
  say "putting the backup back"
  call_tool_when_free rollback "$folder/migration.bak"
  if [ "$tool_code" -ne 0 ]; then
    why_tool_failed
    end "$RESTORE_FAILED" "the metadata could not be restored: $reason $danger"
  fi
  look_at_metadata || end "$RESTORE_FAILED" "the metadata was restored but could not be compared with the backup: $reason $danger"
  difference=$(same_entries "$backup_list" "$WORK_DIR/now.list" "$mode") ||
    end "$RESTORE_FAILED" "the metadata differs from the backup after the restore: $difference. $danger"
  [ "$difference" = 0 ] ||
    say "$difference entries that are not in the backup stay in etcd: written since, outside of what the tool removes"
  accept_look
  mark restore.done || end "$RESTORE_FAILED" "the metadata is restored, but that could not be noted. $no_space_hint"
  say "restored: all $entries entries of the backup are in etcd again"
}

# undo_half: a migration or its undoing began and did not end. Puts the backup back, unless etcd has it already or holds
# what that migration cannot have left behind.
undo_half() {
  must_finish=$tool_has_run
  if ! look_at_metadata keep; then
    # Only the comparison needs space, the tool's rollback does not; and what etcd held before this run's own migration is known.
    [ "$reason_code" = "$DISK_FULL" ] && [ -n "$tool_has_run" ] ||
      end "$RESTORE_FAILED" "the metadata could not be restored: $reason $danger"
    put_back
    return
  fi
  must_finish=yes
  if difference=$(same_entries "$backup_list" "$WORK_DIR/now.list" equal); then
    drop_look
    say "etcd holds what the backup holds: nothing to put back"
    mode=equal
    accept_look
    { mark restore.started && mark restore.done; } ||
      end "$RESTORE_FAILED" "the metadata is whole, but that could not be noted. $no_space_hint"
    return
  fi
  say "the metadata differs from the backup: $difference"
  find_replaced
  restoring=
  if marked restore.started; then restoring=yes; fi
  nobody=
  if nobody_registered; then nobody=yes; fi
  if unexplained=$(is_explained "$backup_list" "$replaced_list" "$WORK_DIR/now.list" "$restoring"); then
    drop_look
    say "all of it is what the migration, or a restore, leaves when it does not end"
    accept_look
  elif [ -n "$tool_has_run" ] && [ -n "$nobody" ]; then
    drop_look
    say "not all of it is what a migration leaves ($unexplained), but nothing except the tool has registered since this run compared"
  elif [ "$OVERWRITE" = yes ]; then
    say "not all of it is what a migration leaves: $unexplained"
    set_aside
  else
    drop_look
    end "$METADATA_CHANGED" "the backup is not put back, nothing changed: attempt $ATTEMPT left the metadata half migrated, and now etcd holds what that cannot have left: $unexplained.$registered Somebody has repaired, replaced or used it since. $(overwrite_hint). If what is in etcd is whole and is to stay: $HINT_NEW_ATTEMPT."
  fi
  put_back
}

# fail_after_restoring CODE SENTENCE
fail_after_restoring() {
  say "$2"
  undo_half
  end "$1" "$2 The metadata is as before ($entries entries, compared with the backup); nothing is lost."
}

# is_still_migrated: after a look, when the migration is finished: etcd holds its outcome, or what 2.2 has made of that. Else
# `difference` says what it holds.
is_still_migrated() {
  migrated=$folder/migrated.list
  nobody=
  if nobody_registered; then nobody=yes; fi
  if [ ! -s "$migrated" ]; then
    # An attempt of an earlier version of this script, or of a full volume.
    if is_migrated "$backup_list" "$WORK_DIR/now.list" >/dev/null; then return 0; fi
    difference=$(is_of_22 "$backup_list" /dev/null "$WORK_DIR/now.list")
    return
  fi
  if difference=$(same_entries "$migrated" "$WORK_DIR/now.list" equal); then return 0; fi
  if [ -n "$nobody" ]; then
    difference="$difference; although no component of Milvus has registered since"
    return 1
  fi
  difference=$(is_of_22 "$backup_list" "$migrated" "$WORK_DIR/now.list") || return 1
  if [ -n "$counter_base" ] && [ "${now_counter:-0}" -lt "$counter_base" ]; then
    difference="nothing that only 2.1 has, but not what this attempt had migrated either"
    return 1
  fi
}

not_migrated_any_more() {
  printf '%s' "the migration of attempt $ATTEMPT is finished, but etcd does not hold what 2.2 would have left: $difference.$registered A snapshot of etcd from before the migration was put back, or Milvus 2.1 has run since. Do not start Milvus 2.2 on it"
}

# ------------------------------------------------------------------------------------------------ the verbs

prepare() {
  for name in META_MIGRATION DATA_DIR WORK_DIR ATTEMPT SOURCE_VERSION TARGET_VERSION ETCD_ENDPOINTS ETCD_ROOT_PATH \
    ETCD_META_SUB_PATH ETCD_KV_SUB_PATH; do
    eval "value=\${$name:-}"
    [ -n "$value" ] || end "$USAGE" "the environment variable $name is not set."
  done
  case $ATTEMPT in */* | .*) end "$USAGE" "ATTEMPT $ATTEMPT is not a plain name." ;; esac
  : "${SESSION_TIMEOUT:=180}" "${SESSION_POLL:=2}" "${ETCD_TIMEOUT:=60}" "${TOOL_LEASE:=60}" \
    "${TOOL_TIMEOUT:=3600}" "${OVERWRITE:=no}" "${INSTALLATION:=}" "${HINT_OVERWRITE:=set OVERWRITE=yes}" \
    "${HINT_NEW_ATTEMPT:=take the folder of this attempt off the volume, keep it, and begin a new attempt}" \
    "${HINT_ROLLBACK:=the verb rollback}"
  # The record has a line for it.
  case $INSTALLATION in *'
'*) end "$USAGE" "INSTALLATION is more than one line." ;; esac
  : "${HINT_ETCD_TLS:=set ETCD_TLS_CA, ETCD_TLS_CERT and ETCD_TLS_KEY to the files that Milvus itself uses}" \
    "${HINT_ETCD_PLAIN:=leave ETCD_TLS_CA out}" "${HINT_ETCD_MIN_VERSION:=set ETCD_TLS_MIN_VERSION=1.2}"
  meta_root=$ETCD_ROOT_PATH/$ETCD_META_SUB_PATH
  folder=$DATA_DIR/$ATTEMPT
  danger="The metadata is not whole: do not start Milvus; run this again (migrate or restore) once the cause is gone."
  backup_counter='' registered='' size='' entries='' sha256='' createdAt=''
  { is_release "$SOURCE_VERSION" 2.1 && is_release "$TARGET_VERSION" 2.2; } ||
    end "$VERSIONS_REFUSED" "metadata is migrated from 2.1.x to 2.2.x (three numbers, no v), not from $SOURCE_VERSION to $TARGET_VERSION."
  [ -x "$META_MIGRATION" ] || end "$USAGE" "there is no migration tool at $META_MIGRATION."
  [ -d "$DATA_DIR" ] || end "$USAGE" "there is no volume at $DATA_DIR."
  use_tls
  mkdir -p "$WORK_DIR" 2>/dev/null || end "$DISK_FULL" "cannot make the folder $WORK_DIR. $no_space_hint"
  # A probe leaves nothing on the volume and waits for nobody.
  if [ "$verb" = probe ]; then return; fi
  mkdir -p "$folder" 2>/dev/null || end "$DISK_FULL" "cannot make the folder $folder. $no_space_hint"
  take_turn
}

# use_tls: sets `tls` to how etcd is asked by TLS, or to nothing. `mutual`: by the tool's etcd.ssl, which wants a certificate of the client.
# `server`: where there is none, by endpoints with https://, for which Go trusts who SSL_CERT_FILE names.
use_tls() {
  tls='' scheme=''
  if [ -z "${ETCD_TLS_CA:-}" ]; then return; fi
  [ -s "$ETCD_TLS_CA" ] || end "$TLS_REFUSED" "there is no CA of etcd at $ETCD_TLS_CA. Nothing was changed. What to do: $HINT_ETCD_TLS."
  files=0
  for file in "${ETCD_TLS_CERT:-}" "${ETCD_TLS_KEY:-}"; do
    if [ -s "$file" ]; then files=$((files + 1)); fi
  done
  case $files in
    2) tls=mutual ;;
    1) end "$TLS_REFUSED" "of the client's certificate ${ETCD_TLS_CERT:-} and its key ${ETCD_TLS_KEY:-} one is missing. Nothing was changed. What to do: $HINT_ETCD_TLS." ;;
    *)
      tls=server scheme=https://
      export SSL_CERT_FILE="$ETCD_TLS_CA" SSL_CERT_DIR=/dev/null ;;
  esac
  # Why a connection fails is a warning of gRPC's, which by itself shows only errors.
  export GRPC_GO_LOG_SEVERITY_LEVEL=warning
}

# is_release VERSION MINOR: MINOR and a patch number without leading zeroes.
is_release() {
  case $1 in "$2".*) ;; *) return 1 ;; esac
  case ${1#"$2".} in '' | *[!0-9]* | 0?*) return 1 ;; esac
}

# take_turn: one run at a time for a volume, where flock is at hand. The tool inherits the lock: a tool that outlives its
# script keeps the next one waiting.
take_turn() {
  command -v flock >/dev/null 2>&1 || return 0
  # Tried first, because a shell ends when exec cannot open its file.
  printf '' 2>/dev/null >>"$DATA_DIR/.lock" || end "$DISK_FULL" "cannot write $DATA_DIR/.lock. $no_space_hint"
  exec 9>>"$DATA_DIR/.lock"
  deadline=$(($(date +%s) + SESSION_TIMEOUT))
  until flock -n 9; do
    [ "$(date +%s)" -lt "$deadline" ] || end "$OTHER_MIGRATION" "another run works on $DATA_DIR and did not end within $SESSION_TIMEOUT s."
    stop_if_asked "Nothing was changed."
    sleep "$SESSION_POLL"
  done
}

refuse_half_migrated_others() {
  for other in "$DATA_DIR"/*; do
    if [ "$other" = "$folder" ] || ! is_half_migrated "$other"; then continue; fi
    end "$HALF_MIGRATED" "attempt ${other##*/} left the metadata half migrated. Restore that attempt first (ATTEMPT=${other##*/}, metadata.sh restore)."
  done
}

do_probe() {
  steps=2
  step "write to the volume"
  scratch=$DATA_DIR/.probe.$$
  { printf 'probe of %s %s\n' "$ATTEMPT" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" 2>/dev/null >"$scratch" && durable && [ -s "$scratch" ]; } || {
    rm -f "$scratch"
    end "$DISK_FULL" "cannot write to the volume at $DATA_DIR, nothing was changed. $no_space_hint"
  }
  rm -f "$scratch" || end "$DISK_FULL" "cannot remove $scratch from the volume, nothing else was changed. Look at the volume's permissions."

  step "let the tool look for Milvus under $meta_root"
  patience=0
  call_tool backup "$WORK_DIR/probe.bak"
  # A component came or went while the tool looked: a second look sees what is there.
  if [ "$tool_code" -ne 0 ] && [ "$tool_problem" = changed ] && [ -z "$stopping" ]; then call_tool backup "$WORK_DIR/probe.bak"; fi
  rm -f "$WORK_DIR/probe.bak"
  if [ "$tool_code" -eq 0 ]; then
    end "$WRONG_PLACE" "no component of Milvus has a session under $meta_root/session/ at $ETCD_ENDPOINTS, although Milvus should be up: the root path is wrong (etcd.rootPath and etcd.metaSubPath of milvus.yaml), or it is another etcd, or Milvus is down. Nothing was changed."
  fi
  case $tool_problem in
    sessions)
      name_sessions
      # It names the first kind that it finds, and the coordinator is the first: a component that was restarted with another root
      # path than the others is not Milvus.
      [ "$session_kind" = rootcoord ] || end "$WRONG_PLACE" "there are sessions under $meta_root/session/ at $ETCD_ENDPOINTS ($session_count of $session_kind), but none of the root coordinator: it is down, or it uses another root path or another etcd than these components. Nothing was changed."
      end 0 "the tool sees Milvus under $meta_root at $ETCD_ENDPOINTS ($session_count sessions of $session_kind), and the volume can be written."
      ;;
    changed) end 0 "the tool sees Milvus under $meta_root at $ETCD_ENDPOINTS (components come and go), and the volume can be written." ;;
  esac
  stop_if_asked "Nothing was changed."
  why_tool_failed
  end "$reason_code" "the tool cannot work here, nothing was changed: $reason"
}

# retire_backup: moves an outdated backup out of the way, also one that a killed run was about to move.
retire_backup() {
  number=1
  while [ -e "$folder/outdated-$number.bak" ] && [ -e "$folder/outdated-$number.record" ]; do number=$((number + 1)); done
  if [ -e "$folder/migration.bak" ]; then mv "$folder/migration.bak" "$folder/outdated-$number.bak" || return 1; fi
  if [ -e "$folder/backup.record" ]; then mv "$folder/backup.record" "$folder/outdated-$number.record" || return 1; fi
  durable
  rm -f "$folder/backup.list"
  clear_mark backup.outdated
}

# refuse_backup CODE SENTENCE
refuse_backup() {
  rm -f "$folder/migration.bak.tmp"
  end "$1" "$2$kept"
}

do_backup() {
  steps=4
  step "look at the attempt $ATTEMPT"
  refuse_half_migrated_others
  has_backup='' kept=''
  if marked backup.done; then
    check_recorded_backup "It is not replaced. If the metadata is untouched, a new attempt takes a new backup."
    if marked migrate.started && ! marked restore.done; then
      end 0 "the backup of this attempt exists already and is good ($entries entries); it is kept."
    fi
    has_backup=yes
    kept=" The backup of $createdAt stays."
  elif marked migrate.started && ! marked restore.done; then
    end "$HALF_MIGRATED" "attempt $ATTEMPT has begun to migrate, but has no backup: what is in etcd now may be half migrated and must not be taken for one."
  fi
  stop_if_asked "Nothing was changed."

  step "back up the metadata under $meta_root"
  rm -f "$folder/migration.bak.tmp" "$folder/backup.record.tmp" "$folder/backup.list.tmp"
  if [ -z "$has_backup" ]; then
    if marked backup.outdated; then
      retire_backup || end "$DISK_FULL" "an outdated backup could not be moved out of the way, nothing else changed. $no_space_hint"
    fi
    rm -f "$folder/migration.bak" "$folder/backup.record" "$folder/backup.list"
  fi
  new_backup=$folder/migration.bak.tmp
  call_tool_when_free backup "$new_backup"
  if [ -n "$has_backup" ] && [ "$tool_code" -ne 0 ] && [ "$tool_problem" = disk ]; then
    # Whether a new one is needed at all can be seen without the volume.
    rm -f "$new_backup"
    new_backup=$WORK_DIR/now.bak
    call_tool_when_free backup "$new_backup"
  fi
  stop_if_asked "Nothing was changed."
  if [ "$tool_code" -ne 0 ]; then
    why_tool_failed
    refuse_backup "$reason_code" "no backup taken, nothing changed: $reason"
  fi

  step "read every entry of the backup"
  durable
  now_entries=$(read_backup "$new_backup" "$WORK_DIR/now.list") ||
    refuse_backup "$BACKUP_CORRUPT" "the tool reported success, but its backup file is unusable: $now_entries. Nothing was changed; run again."
  now_counter=$(counter_of "$WORK_DIR/now.list")
  if [ -n "$has_backup" ]; then
    if difference=$(same_entries "$backup_list" "$WORK_DIR/now.list" equal); then
      rm -f "$new_backup"
      accept_look
      end 0 "the backup of this attempt exists already, is good ($entries entries) and is what etcd holds; it is kept."
    fi
    say "the backup of $createdAt is not what etcd holds now: $difference. Milvus has run since, and nothing of the migration has begun"
    [ "$new_backup" = "$folder/migration.bak.tmp" ] || refuse_backup "$DISK_FULL" "no new backup taken, nothing changed. $no_space_hint"
  fi
  summary=$(describe "$WORK_DIR/now.list")
  case $? in
    0) say "$summary" ;;
    2) refuse_backup "$HALF_MIGRATED" "the metadata holds records of 2.2 already ($summary), so a migration ran here before. It is not taken for a backup of 2.1 metadata: restore the earlier attempt first." ;;
    3) refuse_backup "$HALF_MIGRATED" "the metadata holds snapshots or segments of collections without their records, or records without their snapshots ($summary): a migration removed the records and died. Restore that attempt's backup first." ;;
    4) refuse_backup "$WRONG_PLACE" "there is no metadata under $meta_root at $ETCD_ENDPOINTS: the root path is wrong (etcd.rootPath and etcd.metaSubPath of milvus.yaml), or it is another etcd. No backup was recorded, nothing changed." ;;
    *) refuse_backup "$BACKUP_CORRUPT" "the backup is not what it should be: $summary. A restore would write outside of the root path. Check ETCD_ROOT_PATH and ETCD_META_SUB_PATH." ;;
  esac

  step "record it"
  size=$(($(wc -c <"$new_backup")))
  sha256=$(sha256sum <"$new_backup") || refuse_backup "$BACKUP_CORRUPT" "the new backup cannot be read back. Nothing was changed; run again."
  # The listing is kept too: with its checksum recorded no later run has to read the backup entry by entry again.
  list_sha256=$(sha256sum <"$WORK_DIR/now.list")
  {
    cat "$WORK_DIR/now.list" 2>/dev/null >"$folder/backup.list.tmp" &&
      printf 'size=%s\nentries=%s\nsha256=%s\nsourceVersion=%s\ntargetVersion=%s\nrootPath=%s\ncreatedAt=%s\ninstallation=%s\nlistSha256=%s\nsummary=%s\n' \
        "$size" "$now_entries" "${sha256%% *}" "$SOURCE_VERSION" "$TARGET_VERSION" "$meta_root" \
        "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$INSTALLATION" "${list_sha256%% *}" "$summary" 2>/dev/null >"$folder/backup.record.tmp" &&
      stage backup.done &&
      replace_backup && accept_look && mark backup.done
  } || {
    rm -f "$folder/backup.list.tmp" "$folder/backup.record.tmp"
    refuse_backup "$DISK_FULL" "the backup could not be recorded, nothing changed. $no_space_hint"
  }
  end 0 "backed up $summary; $size bytes.${has_backup:+ The backup before it is outdated-$number.bak.}"
}

# replace_backup: renames the new backup and what belongs to it into place, an outdated one out of it.
replace_backup() {
  if [ -n "$has_backup" ]; then
    # In this order: killed in between, the attempt has the old backup, or none, and then the old one is moved first.
    { mark backup.outdated && clear_mark backup.done && retire_backup; } || return 1
  fi
  mv "$folder/migration.bak.tmp" "$folder/migration.bak" &&
    mv "$folder/backup.list.tmp" "$folder/backup.list" &&
    mv "$folder/backup.record.tmp" "$folder/backup.record" &&
    durable
}

do_migrate() {
  steps=6
  step "look at the attempt $ATTEMPT"
  refuse_half_migrated_others
  marked backup.done || end "$BACKUP_MISSING" "attempt $ATTEMPT has no backup. Nothing was changed; take the backup first."
  state=whole
  if is_finished; then
    state=finished
    # The migration's own outcome is on the volume too: a backup that went bad is no reason to stop here.
    is_good_backup || { [ "$problem_code" != "$VERSIONS_REFUSED" ] || end "$problem_code" "$problem Nothing was changed."; }
  elif is_half_migrated "$folder"; then
    state=half
    check_recorded_backup "The metadata is half migrated and cannot be restored from it: do not start Milvus; restore etcd from another backup."
  else
    check_recorded_backup "Nothing was changed."
  fi
  stop_if_asked "This run has changed nothing."

  step "compare the metadata with the backup"
  # What the tool will convert, as the verification needs it.
  before=$backup_list
  case $state in
    finished)
      look_at_metadata keep || end "$reason_code" "the metadata was migrated, but could not be looked at; nothing changed: $reason"
      if is_still_migrated; then
        drop_look
        end 0 "the metadata is migrated already."
      fi
      if [ "$OVERWRITE" != yes ]; then
        drop_look
        end "$METADATA_CHANGED" "nothing changed: $(not_migrated_any_more). To upgrade what is in etcd now, if it is whole: $HINT_NEW_ATTEMPT. $(overwrite_hint)."
      fi
      say "$(not_migrated_any_more)"
      check_recorded_backup "Nothing was changed."
      replace_by_backup
      ;;
    half)
      say "an earlier run was killed between its start and its end"
      undo_half
      if [ "$mode" != equal ]; then before=$WORK_DIR/before.list; fi
      ;;
    whole)
      look_at_metadata keep || end "$reason_code" "not migrated, nothing changed: $reason"
      if difference=$(same_entries "$backup_list" "$WORK_DIR/now.list" equal); then
        drop_look
        accept_look
      elif [ "$OVERWRITE" = yes ]; then
        say "the metadata is not what the backup holds: $difference"
        replace_by_backup
      else
        drop_look
        end "$METADATA_CHANGED" "not migrated, nothing changed: the metadata is not what the backup holds ($difference). Milvus has run since. To upgrade what is in etcd now: $HINT_NEW_ATTEMPT. $(overwrite_hint)."
      fi
      ;;
  esac
  if [ "$before" != "$backup_list" ]; then cat "$WORK_DIR/now.list" >"$WORK_DIR/before.list"; fi
  say "the metadata is what the backup holds"
  must_finish=
  stop_if_asked "The metadata is as before."
  must_finish=yes

  step "set the start mark"
  # In this order: killed in between, the attempt counts as half migrated and the backup is put back once more. The space for
  # the listing of the outcome is taken beforehand as well; it is about as long as that of the backup.
  if ! { clear_mark migrate.done && clear_mark restore.done && clear_mark restore.started &&
    cat "$before" 2>/dev/null >"$folder/migrated.list.tmp" &&
    stage migrate.done restore.started restore.done && mark migrate.started; }; then
    rm -f "$folder/migrated.list.tmp"
    clear_mark migrate.started
    end "$DISK_FULL" "not migrated, nothing changed: the marks could not be written. $no_space_hint"
  fi

  step "migrate from $SOURCE_VERSION to $TARGET_VERSION"
  tool_has_run=yes
  call_tool_when_free run "$folder/migration.bak"
  if [ "$tool_code" -ne 0 ]; then
    why_tool_failed
    if [ "$tool_touched $tool_problem" = "untouched sessions" ] || [ "$tool_touched $tool_problem" = "untouched other" ]; then
      clear_mark migrate.started
      end "$reason_code" "not migrated, nothing changed: $reason"
    fi
    fail_after_restoring "$reason_code" "the migration failed: $reason"
  fi
  [ "$tool_problem" != versions ] || fail_after_restoring "$VERSIONS_REFUSED" "the tool did not migrate: $tool_line."

  step "verify the new metadata"
  look_at_metadata || fail_after_restoring "$reason_code" "the migrated metadata could not be looked at: $reason"
  difference=$(is_migrated "$before" "$WORK_DIR/now.list") ||
    fail_after_restoring "$VERIFY_FAILED" "the migrated metadata is not complete: $difference."
  summary=$(describe "$WORK_DIR/now.list")
  say "$summary"

  step "set the end mark"
  accept_look
  keep_outcome
  mark migrate.done || fail_after_restoring "$DISK_FULL" "the end mark could not be written. $no_space_hint"
  rm -f "$folder/restore.started.tmp" "$folder/restore.done.tmp"
  end 0 "migrated from $SOURCE_VERSION to $TARGET_VERSION: $summary."
}

# is_finished: the migration of this attempt ended well, and nothing of it is undone.
is_finished() { marked migrate.done && ! marked restore.started; }

# keep_outcome: the listing of the migrated metadata, by which later runs see whether anything has used it. They can do without.
keep_outcome() {
  if cat "$WORK_DIR/now.list" 2>/dev/null >"$folder/migrated.list.tmp"; then
    durable
    if mv "$folder/migrated.list.tmp" "$folder/migrated.list"; then
      durable
      return
    fi
  fi
  say "no space for the listing of the migrated metadata: going on without"
  rm -f "$folder/migrated.list.tmp" "$folder/migrated.list"
  durable
}

# replace_by_backup: after a look that was kept: sets aside what is in etcd and puts the backup back.
replace_by_backup() {
  set_aside
  put_back
  before=$WORK_DIR/before.list
}

do_restore() {
  steps=3
  step "look at the attempt $ATTEMPT"
  if ! marked migrate.started || marked restore.done; then
    restore_nothing
  fi
  if is_finished; then
    check_recorded_backup "Nothing was changed."
  else
    check_recorded_backup "Do not start Milvus; restore etcd from another backup."
  fi
  stop_if_asked "This run has changed nothing."

  step "look at the metadata"
  if ! is_finished; then
    undo_half
  else
    look_at_finished
    if [ "$verb" = rollback ]; then
      # Also when it is as the migration left it: what is lost can be looked up.
      if is_still_migrated || [ "$OVERWRITE" = yes ]; then
        set_aside
      else
        drop_look
        end "$METADATA_CHANGED" "not rolled back, nothing changed: $(not_migrated_any_more). If that is whole 2.1 metadata, Milvus 2.1 can be started on it. $(overwrite_hint)."
      fi
    else
      drop_look
      if ! nobody_registered || [ ! -s "$folder/migrated.list" ] ||
        ! difference=$(same_entries "$folder/migrated.list" "$WORK_DIR/now.list" equal); then
        already_migrated
      fi
      say "nothing has used the migrated metadata: undoing it loses nothing"
    fi
    step "put the backup back"
    put_back
  fi
  end 0 "restored the metadata of $SOURCE_VERSION: $entries entries, compared with the backup."
}

# restore_nothing: there is nothing to undo. But where an attempt's migration is not what etcd has been through, that would mislead.
restore_nothing() {
  if marked backup.done && [ -s "$folder/backup.record" ]; then
    read_record "$folder/backup.record"
    refuse_other_installation
    [ "$rootPath" = "$meta_root" ] ||
      end "$VERSIONS_REFUSED" "the backup of attempt $ATTEMPT is of the metadata under $rootPath, and Milvus is to be started on $meta_root. Nothing was changed. Put the root path back that Milvus had (etcd.rootPath of milvus.yaml)."
  fi
  step "look at the metadata"
  look_at_metadata || end "$reason_code" "there is nothing to restore, but etcd could not be looked at: $reason"
  describe "$WORK_DIR/now.list" >/dev/null
  if [ $? -eq 2 ]; then
    end "$METADATA_CHANGED" "there is nothing of attempt $ATTEMPT to undo, nothing changed; but etcd holds records of 2.2: another attempt has migrated it. Do not start Milvus 2.1 on it. The attempt that did can be rolled back (ATTEMPT=…, metadata.sh rollback)."
  fi
  if marked restore.done; then
    end 0 "the metadata is restored already."
  fi
  end 0 "the migration had not begun: the metadata is untouched, nothing to restore."
}

already_migrated() {
  end "$ALREADY_MIGRATED" "the migration of attempt $ATTEMPT is finished, and Milvus may have used its outcome.$registered Undoing it loses what was written since. To do that: $HINT_ROLLBACK."
}

# look_at_finished: nothing is broken yet, so what keeps the undoing from starting must not read as broken metadata.
look_at_finished() {
  if look_at_metadata keep; then return; fi
  if [ "$verb" = restore ] && [ "$reason_code" = "$SESSIONS_ALIVE" ]; then already_migrated; fi
  if [ "$verb" = restore ]; then end "$reason_code" "not restored, nothing changed: $reason"; fi
  end "$reason_code" "not rolled back, nothing changed: $reason"
}

trap on_exit EXIT
trap on_signal TERM INT HUP
case $verb in
  probe) prepare && do_probe ;;
  backup) prepare && do_backup ;;
  migrate) prepare && do_migrate ;;
  restore | rollback) prepare && do_restore ;;
  *) end "$USAGE" "unknown verb. Usage: metadata.sh probe|backup|migrate|restore|rollback" ;;
esac
