#!/bin/sh
# Moves the metadata of a stopped Milvus from the format of 2.1 to that of 2.2 and back, without ever losing it.
#
#   metadata.sh backup     take the attempt's backup, once
#   metadata.sh migrate    convert; when anything fails, put the backup back before failing
#   metadata.sh restore    give up: undo a migration that did not finish
#   metadata.sh rollback   undo a finished migration; what was written since is lost
#
# Every verb can be killed at any moment and run again. The migration tool removes the old records before it writes the
# new ones, so this script never lets it start without a checked backup and a mark on disk, and never lets it start
# twice without putting the backup back in between.
#
# Environment:
#   META_MIGRATION      the migration tool
#   DATA_DIR            the volume that keeps backups and marks, one folder for each attempt
#   WORK_DIR            scratch space, may be empty at every start
#   ATTEMPT             name of the attempt; a new one whenever Milvus has run since the last
#   SOURCE_VERSION, TARGET_VERSION           2.1.x and 2.2.x, without "v"
#   ETCD_ENDPOINTS      host:port, comma separated
#   ETCD_ROOT_PATH, ETCD_META_SUB_PATH, ETCD_KV_SUB_PATH    where Milvus keeps its metadata
#   SESSION_TIMEOUT     seconds to wait for sessions of Milvus or of a killed tool to expire (default 180)
#   SESSION_POLL        seconds between two looks (default 2)
#   ETCD_TIMEOUT        seconds of nothing but connection errors after which etcd counts as unreachable (default 60)
#   TOOL_LEASE          seconds the session of a killed tool lives (default 60)
#   TOOL_TIMEOUT        seconds one call of the tool may take (default 3600)
#   TERMINATION_LOG     gets the outcome as one line
#
# Runs with busybox ash and dash; needs awk, od, sha256sum, sync, mv, rm, mkdir, cat, date, sleep, wc.

set -u

# Exit codes. Up to 17 nothing was changed by this run, or what was changed is put back.
readonly USAGE=2 DISK_FULL=10 BACKUP_MISSING=11 BACKUP_CORRUPT=12 ETCD_UNREACHABLE=13 SESSIONS_ALIVE=14 \
  OTHER_MIGRATION=15 HALF_MIGRATED=16 VERSIONS_REFUSED=17 RESTORE_FAILED=18 VERIFY_FAILED=19 TOOL_FAILED=20 \
  METADATA_CHANGED=21 ALREADY_MIGRATED=22 INTERRUPTED=143

verb=${1:-}
started_at=$(date +%s)
outcome=
stopping=
must_finish=
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

# ------------------------------------------------------------------------------------------------ the tool

write_config() { # write_config COMMAND BACKUP_FILE
  {
    printf 'cmd:\n  type: %s\n  runWithBackup: false\n' "$1"
    printf 'config:\n  sourceVersion: "%s"\n  targetVersion: "%s"\n  backupFilePath: "%s"\n' \
      "$SOURCE_VERSION" "$TARGET_VERSION" "$2"
    printf 'metastore:\n  type: etcd\netcd:\n  endpoints:\n'
    IFS=,
    for endpoint in $ETCD_ENDPOINTS; do printf '    - "%s"\n' "$endpoint"; done
    unset IFS
    printf '  rootPath: "%s"\n  metaSubPath: "%s"\n  kvSubPath: "%s"\n' \
      "$ETCD_ROOT_PATH" "$ETCD_META_SUB_PATH" "$ETCD_KV_SUB_PATH"
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
    /version not supported|is forbidden|higher version to lower|Major.Minor.Patch|Invalid character|leading zeroes/ { versions = $0 }
    /no need to migrate/ { versions = $0 }
    /Error while dialing|connection refused|no such host|i\/o timeout|DeadlineExceeded|deadline exceeded|no available endpoints|connection reset|EOF|etcdserver:/ { etcd = $0 }
    /[^ \t]/ { last = $0 }
    END {
      t = touched ? "touched " : "untouched "
      if (sessions != "") print t "sessions " sessions
      else if (other != "") print t "other " other
      else if (disk != "") print t "disk " disk
      else if (changed != "") print t "changed " changed
      else if (versions != "") print t "versions " versions
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
  "$META_MIGRATION" -config="$WORK_DIR/$1.yaml" >"$WORK_DIR/tool.log" 2>&1 &
  tool_pid=$!
  begun=$(date +%s)
  looks=0
  next_word=15
  while kill -0 "$tool_pid" 2>/dev/null; do
    # Short looks first: most calls take milliseconds. A sleep that knows no fractions sleeps a whole second.
    if [ "$looks" -lt 40 ]; then sleep 0.05 2>/dev/null || sleep 1; else sleep 1; fi
    looks=$((looks + 1))
    took=$(($(date +%s) - begun))
    if [ "$took" -ge "$next_word" ]; then
      say "the tool's $1 is still at it after $took s"
      next_word=$((next_word + 15))
    fi
    if [ -n "$stopping" ] && [ -z "$must_finish" ]; then kill -TERM "$tool_pid" 2>/dev/null; fi
    if [ "$took" -ge "$TOOL_TIMEOUT" ]; then
      say "the tool's $1 takes longer than $TOOL_TIMEOUT s: ending it"
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
    'untouched etcd '*) return 0 ;;
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

# why_tool_failed: sets `reason_code` and `reason` for the last call.
why_tool_failed() {
  case $tool_problem in
    sessions)
      reason_code=$SESSIONS_ALIVE
      left=${tool_line#*prefix: }
      reason="sessions under $meta_root/session/ did not expire within $SESSION_TIMEOUT s: ${left%%,*} (${left##*: } alive; the tool names the first kind it finds). Something still runs Milvus: look for pods of this release and for what scales them up." ;;
    other)
      reason_code=$OTHER_MIGRATION
      reason="another migration holds $meta_root/session/migration and did not end within $patience s. A killed one holds it for $TOOL_LEASE s." ;;
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
      reason="etcd at $ETCD_ENDPOINTS cannot be reached: $tool_line." ;;
    *)
      reason_code=$TOOL_FAILED
      reason="the tool failed with exit code $tool_code: $tool_line." ;;
  esac
}

# ------------------------------------------------------------------------------------------------ backup files

# read_backup FILE LISTING: reads every entry as the tool's rollback would and lists key, size and a checksum of the
# value. Prints the number of entries, or what is wrong with the file (exit code 1).
read_backup() {
  bytes=$(wc -c <"$1") || return 1
  printf '' 2>/dev/null >"$2" || return 1
  od -An -v -tu1 "$1" | LC_ALL=C awk -v out="$2" -v bytes="$((bytes))" '
    function bad(why) { if (!failed) print why " near byte " at + f; failed = 1; exit 1 }
    function next_field() { part = TAG; value = 0; scale = 1 }
    BEGIN {
      LENGTH = 0; TAG = 1; NUMBER = 2; KEY = 3; DATA = 4; EXTRA = 5; OTHER = 6
      for (i = 0; i < 256; i++) chr[i] = (i > 32 && i < 127 && i != 92) ? sprintf("%c", i) : sprintf("\\%03o", i)
      part = LENGTH; missing = 8; value = 0; scale = 1
    }
    {
      f = 1
      while (f <= NF) {
        if (part >= KEY) {  # the content of a field: as much of it as this line has
          end = f + rest - 1
          if (end > NF) end = NF
          rest -= end - f + 1; left -= end - f + 1
          if (part == DATA) {  # two at a time: most of the work on a large backup is here
            for (; f < end; f += 2) sum = ((sum * 257 + $f + 1) * 257 + $(f + 1) + 1) % 2147483629
            if (f == end) sum = (sum * 257 + $(f++) + 1) % 2147483629
          }
          else if (part == KEY) for (; f <= end; f++) key = key chr[$f]
          else if (part == EXTRA) for (; f <= end; f++) extra = extra chr[$f]
          else f = end + 1
          if (rest == 0) next_field()
        } else if (part == LENGTH) {  # 8 bytes, little endian: the length of the message that follows
          value += $(f++) * scale; scale *= 256
          if (--missing) continue
          left = value
          if (left == 0) bad("an empty message")
          if (left > bytes - at - f + 1) bad("truncated: a message of " left " bytes begins")
          next_field(); key = ""; size = 0; sum = 0
          continue
        } else {  # a varint: a tag, or a number or length
          b = $(f++); left--
          value += (b % 128) * scale; scale *= 128
          if (b >= 128) { if (left == 0) bad("a cut number"); continue }
          if (part == TAG) {
            field = int(value / 8); wire = value % 8
            if (wire != 0 && wire != 2) bad("an unknown field type " wire)
            if (left == 0) bad("a cut field")
            part = NUMBER; value = 0; scale = 1
            continue
          }
          if (wire == 0) { if (!has_header && field == 4) entries = value; next_field() }
          else if (value > left) bad("a field longer than its message")
          else if (value == 0) next_field()
          else {
            rest = value
            if (!has_header) part = field == 6 ? EXTRA : OTHER
            else if (field == 1) part = KEY
            else if (field == 2) { part = DATA; size = value }
            else part = OTHER
          }
        }
        if (left > 0) continue
        if (part != TAG || value != 0 || scale != 1) bad("a cut message")
        if (!has_header) {
          has_header = 1
          if (index(extra, "\"entry_include_root_path\":true") == 0) bad("entries without their root path: a tool older than milvusdb/meta-migration:v2.2.0")
        } else {
          if (key == "") bad("an entry without a key")
          if (key in seen) bad("key " key " twice")
          seen[key] = 1
          count++
          print key "\t" size "\t" sum > out
        }
        part = LENGTH; missing = 8; value = 0; scale = 1
      }
      at += NF
    }
    END {
      if (failed) exit 1
      if (!has_header || part != LENGTH || missing != 8) { print "truncated at byte " at + 0; exit 1 }
      if (count + 0 != entries + 0) { print "has " count + 0 " entries where its header says " entries + 0; exit 1 }
      print count + 0
    }'
}

# describe LISTING: counts by kind on one line. Exit code 1: a key outside of the root path. 2: records of 2.2 are among
# them. 3: segments without any collection, as a migration leaves them that died after removing the old records.
describe() {
  awk -F '\t' -v root="$meta_root/" '
    index($1, root) != 1 { print "key " $1 " is not under " root; outside = 1; exit 1 }
    {
      key = substr($1, length(root) + 1)
      total++
      if (key ~ /^root-coord\/collection\//) collections++
      else if (key ~ /^snapshots\/root-coord\/collection\//) snapshots++
      else if (key ~ /^root-coord\/(collection-alias|aliases)\//) aliases++
      else if (key ~ /^(root-coord\/index|field-index)\//) indexes++
      else if (key ~ /^(root-coord\/segment-index|segment-index)\//) segment_indexes++
      else if (key ~ /^datacoord-meta\/s\//) segments++
      if (key ~ /^(root-coord\/(aliases|partitions|fields)|snapshots\/root-coord\/aliases|field-index|segment-index|querycoord-(collection|partition)-loadinfo)\//) newer = key
    }
    END {
      if (outside) exit 1
      print total + 0 " entries: " collections + 0 " collections, " snapshots + 0 " collection snapshots, " aliases + 0 " aliases, " indexes + 0 " field indexes, " segment_indexes + 0 " segment indexes, " segments + 0 " segments"
      if (newer != "") exit 2
      if (segments && !collections && !snapshots) exit 3
    }' "$1"
}

# same_entries BACKUP NOW MODE: MODE `equal`: the same keys and values; `contains`: every entry of BACKUP is in NOW,
# more may be. The session counter is left out: every run of the tool moves it. Prints what differs.
same_entries() {
  awk -F '\t' -v counter="$meta_root/session/id" -v mode="$3" '
    $1 == counter { next }
    FILENAME == ARGV[1] { old[$1] = $0; next }
    !($1 in old) { extra++; if (mode == "equal") differs("new " $1); next }
    old[$1] != $0 { differs("changed " $1) }
    { delete old[$1] }
    function differs(what) { if (count++ < 3) text = text "; " what }
    END {
      for (key in old) differs("missing " key)
      if (count) { print count " entries differ" text; exit 1 }
      print extra + 0
    }' "$1" "$2"
}

# is_migrated BACKUP NOW: every record of 2.1 has its counterpart of 2.2, what the migration does not concern is
# unchanged, and no 2.1 record is left. Prints what is wrong.
is_migrated() {
  awk -F '\t' -v root="$meta_root/" '
    function differs(what) { if (count++ < 3) text = text "; " what }
    { key = substr($1, length(root) + 1) }
    key == "session/id" { next }
    FILENAME == ARGV[1] {
      if (key ~ /^(snapshots\/)?root-coord\/dd-(operation|msg-send)/ || key ~ /^indexes\//) next
      if (key ~ /^root-coord\/index\//) { may[substr(key, 18)] = 1; next }
      if (key ~ /^root-coord\/segment-index\//) { split(key, part, "/"); built[part[3]]++; next }
      if (sub(/root-coord\/collection-alias\//, "root-coord/aliases/", key) || key ~ /^(snapshots\/)?root-coord\/collection\//) { must[key] = 1; next }
      if (key ~ /^queryCoord-collectionMeta\//) loaded[substr(key, 27)] = 1
      same[key] = $2 "\t" $3
      next
    }
    key ~ /^(snapshots\/)?root-coord\/collection-alias\// || key ~ /^root-coord\/(segment-)?index\// || key ~ /^indexes\// { differs("still of 2.1: " key); next }
    key in must { if ($2 == 0) differs("empty " key); delete must[key]; next }
    key in same { if (same[key] != $2 "\t" $3) differs("changed " key); delete same[key]; next }
    key ~ /^segment-index\// { split(key, part, "/"); built[part[4]]--; segment_indexes++; next }
    key ~ /^field-index\// { if (!(substr(key, 13) in may)) differs("unexpected " key); field_indexes++; next }
    key ~ /^querycoord-(collection|partition)-loadinfo\// { split(key, part, "/"); if (!(part[2] in loaded)) differs("unexpected " key); next }
    { differs("unexpected " key) }
    END {
      for (key in must) differs("missing " key)
      for (key in same) differs("missing " key)
      for (key in built) if (built[key] != 0) differs("segment indexes of segment " key ": " built[key] " missing")
      if (segment_indexes && !field_indexes) differs("segment indexes without any field index")
      if (count) { print count " differences" text; exit 1 }
    }' "$1" "$2"
}

# check_recorded_backup: the attempt's backup is there, is what was recorded, and every entry of it can be read. This is
# the rehearsal of the restore: the tool itself puts entries back under the keys they carry, root path included, so
# it cannot be pointed at a scratch root path without touching the real one.
check_recorded_backup() {
  backup=$folder/migration.bak
  for file in "$backup" "$folder/backup.record"; do
    [ -s "$file" ] || end "$BACKUP_MISSING" "$file is missing, although the attempt has a backup. $1"
  done
  size='' entries='' sha256='' sourceVersion='' targetVersion='' rootPath='' createdAt=''
  while IFS='=' read -r name value; do
    case $name in
      size) size=$value ;;
      entries) entries=$value ;;
      sha256) sha256=$value ;;
      sourceVersion) sourceVersion=$value ;;
      targetVersion) targetVersion=$value ;;
      rootPath) rootPath=$value ;;
      createdAt) createdAt=$value ;;
    esac
  done <"$folder/backup.record"
  [ "$sourceVersion $targetVersion $rootPath" = "$SOURCE_VERSION $TARGET_VERSION $meta_root" ] ||
    end "$VERSIONS_REFUSED" "the backup of attempt $ATTEMPT is for $sourceVersion to $targetVersion under $rootPath, not for $SOURCE_VERSION to $TARGET_VERSION under $meta_root. $1"
  found_size=$(($(wc -c <"$backup")))
  [ "$found_size" = "$size" ] ||
    end "$BACKUP_CORRUPT" "the backup $backup has $found_size bytes where $size are recorded. $1"
  found_sha256=$(sha256sum <"$backup") || end "$BACKUP_CORRUPT" "the backup $backup cannot be read. $1"
  [ "${found_sha256%% *}" = "$sha256" ] || end "$BACKUP_CORRUPT" "the backup $backup does not have its recorded checksum. $1"
  say "reading every entry of the backup ($size bytes)"
  found_entries=$(read_backup "$backup" "$WORK_DIR/backup.list") ||
    end "$BACKUP_CORRUPT" "the backup $backup cannot be read: $found_entries. $1"
  [ "$found_entries" = "$entries" ] ||
    end "$BACKUP_CORRUPT" "the backup $backup has $found_entries entries where $entries are recorded. $1"
  say "backup of $createdAt: $size bytes, $entries entries, checksum as recorded, every entry readable"
}

# look_at_metadata: lists what is in etcd now in now.list, by a throw-away backup, on the volume or, when that is full, in
# the scratch space. Exit code 1: `reason_code` and `reason` say why not.
look_at_metadata() {
  for place in "$folder" "$WORK_DIR"; do
    rm -f "$place/now.bak"
    call_tool_when_free backup "$place/now.bak"
    if [ "$tool_code" -eq 0 ] || [ "$tool_problem" != disk ]; then break; fi
    rm -f "$place/now.bak"
  done
  if [ "$tool_code" -ne 0 ]; then
    stop_if_asked "This run has changed nothing."
    why_tool_failed
    return 1
  fi
  say "reading every entry that is in etcd now"
  if ! found_entries=$(read_backup "$place/now.bak" "$WORK_DIR/now.list"); then
    reason_code=$TOOL_FAILED reason="what the tool read from etcd cannot be read: $found_entries."
    return 1
  fi
  rm -f "$place/now.bak"
}

# ------------------------------------------------------------------------------------------------ putting back

# put_back: restores the backup unless etcd holds it already, and compares. Marks the begin and the end. Does not return on
# a failure: then the metadata must not be used.
put_back() {
  must_finish=yes
  # The undoing of a finished migration may leave entries behind that were written since.
  mode=equal
  if marked migrate.done; then mode=contains; fi
  danger="The metadata is not whole: do not start Milvus; run this again (migrate or restore) once the cause is gone."
  if [ "$mode" = equal ]; then
    if ! look_at_metadata; then
      # Only a comparison needs space, the tool's rollback does not.
      [ "$reason_code" = "$DISK_FULL" ] || end "$RESTORE_FAILED" "the metadata could not be restored: $reason $danger"
    elif difference=$(same_entries "$WORK_DIR/backup.list" "$WORK_DIR/now.list" equal); then
      say "etcd holds what the backup holds: nothing to put back"
      { mark restore.started && mark restore.done; } ||
        end "$RESTORE_FAILED" "the metadata is whole, but that could not be noted. $no_space_hint"
      return
    else
      say "the metadata differs from the backup: $difference"
    fi
  fi
  mark restore.started || end "$RESTORE_FAILED" "the restore could not begin: a mark could not be written. $no_space_hint $danger"
  say "putting the backup back"
  call_tool_when_free rollback "$folder/migration.bak"
  if [ "$tool_code" -ne 0 ]; then
    why_tool_failed
    end "$RESTORE_FAILED" "the metadata could not be restored: $reason $danger"
  fi
  look_at_metadata || end "$RESTORE_FAILED" "the metadata was restored but could not be compared with the backup: $reason $danger"
  difference=$(same_entries "$WORK_DIR/backup.list" "$WORK_DIR/now.list" "$mode") ||
    end "$RESTORE_FAILED" "the metadata differs from the backup after the restore: $difference. $danger"
  [ "$difference" = 0 ] ||
    say "$difference entries that are not in the backup stay in etcd: written since, outside of what the tool removes"
  mark restore.done || end "$RESTORE_FAILED" "the metadata is restored, but that could not be noted. $no_space_hint"
  say "restored: all $entries entries of the backup are in etcd again"
}

# fail_after_restoring CODE SENTENCE
fail_after_restoring() {
  say "$2"
  put_back
  end "$1" "$2 The metadata is as before ($entries entries, compared with the backup); nothing is lost."
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
    "${TOOL_TIMEOUT:=3600}"
  meta_root=$ETCD_ROOT_PATH/$ETCD_META_SUB_PATH
  folder=$DATA_DIR/$ATTEMPT
  { is_release "$SOURCE_VERSION" 2.1 && is_release "$TARGET_VERSION" 2.2; } ||
    end "$VERSIONS_REFUSED" "metadata is migrated from 2.1.x to 2.2.x (three numbers, no v), not from $SOURCE_VERSION to $TARGET_VERSION."
  [ -x "$META_MIGRATION" ] || end "$USAGE" "there is no migration tool at $META_MIGRATION."
  [ -d "$DATA_DIR" ] || end "$USAGE" "there is no volume at $DATA_DIR."
  mkdir -p "$folder" "$WORK_DIR" 2>/dev/null ||
    end "$DISK_FULL" "cannot make the folder $folder or $WORK_DIR. $no_space_hint"
  take_turn
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

do_backup() {
  steps=4
  step "look at the attempt $ATTEMPT"
  refuse_half_migrated_others
  if marked backup.done; then
    check_recorded_backup "It is not replaced. If the metadata is untouched, a new attempt takes a new backup."
    end 0 "the backup of this attempt exists already and is good ($entries entries); it is kept."
  fi
  ! marked migrate.started || end "$HALF_MIGRATED" "attempt $ATTEMPT has begun to migrate, but has no backup: what is in etcd now may be half migrated and must not be taken for one."
  stop_if_asked "Nothing was changed."

  step "back up the metadata under $meta_root"
  rm -f "$folder/migration.bak" "$folder/migration.bak.tmp" "$folder/backup.record" "$folder/backup.record.tmp"
  call_tool_when_free backup "$folder/migration.bak.tmp"
  stop_if_asked "Nothing was changed."
  if [ "$tool_code" -ne 0 ]; then
    why_tool_failed
    rm -f "$folder/migration.bak.tmp"
    end "$reason_code" "no backup taken, nothing changed: $reason"
  fi

  step "read every entry of the backup"
  durable
  found_entries=$(read_backup "$folder/migration.bak.tmp" "$WORK_DIR/backup.list") ||
    end "$BACKUP_CORRUPT" "the tool reported success, but its backup file is unusable: $found_entries. Nothing was changed; run again."
  summary=$(describe "$WORK_DIR/backup.list")
  case $? in
    0) say "$summary" ;;
    2) end "$HALF_MIGRATED" "the metadata holds records of 2.2 already ($summary), so a migration ran here before. This attempt has no backup of the 2.1 metadata: restore the earlier attempt first." ;;
    3) end "$HALF_MIGRATED" "the metadata holds segments but no collection ($summary): a migration removed the records and died. Restore that attempt's backup first." ;;
    *) end "$BACKUP_CORRUPT" "the backup is not what it should be: $summary. A restore would write outside of the root path. Check ETCD_ROOT_PATH and ETCD_META_SUB_PATH." ;;
  esac

  step "record it"
  size=$(($(wc -c <"$folder/migration.bak.tmp")))
  sha256=$(sha256sum <"$folder/migration.bak.tmp") || end "$BACKUP_CORRUPT" "the new backup cannot be read back. Nothing was changed; run again."
  {
    printf 'size=%s\nentries=%s\nsha256=%s\nsourceVersion=%s\ntargetVersion=%s\nrootPath=%s\ncreatedAt=%s\nsummary=%s\n' \
      "$size" "$found_entries" "${sha256%% *}" "$SOURCE_VERSION" "$TARGET_VERSION" "$meta_root" \
      "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$summary" 2>/dev/null >"$folder/backup.record.tmp" &&
      stage backup.done &&
      mv "$folder/migration.bak.tmp" "$folder/migration.bak" &&
      mv "$folder/backup.record.tmp" "$folder/backup.record" &&
      durable && mark backup.done
  } ||
    end "$DISK_FULL" "the backup could not be recorded, nothing changed. $no_space_hint"
  end 0 "backed up $summary; $size bytes."
}

do_migrate() {
  steps=6
  step "look at the attempt $ATTEMPT"
  refuse_half_migrated_others
  marked backup.done || end "$BACKUP_MISSING" "attempt $ATTEMPT has no backup. Nothing was changed; take the backup first."
  if marked migrate.done && ! marked restore.started; then
    end 0 "the metadata is migrated already."
  fi
  was_half=
  state="Nothing was changed."
  if is_half_migrated "$folder"; then
    was_half=yes
    state="The metadata is half migrated and cannot be restored from it: do not start Milvus; restore etcd from another backup."
  fi
  check_recorded_backup "$state"
  stop_if_asked "This run has changed nothing."

  step "compare the metadata with the backup"
  if [ -n "$was_half" ]; then
    say "an earlier run was killed between its start and its end"
    put_back
  fi
  # put_back has compared already, unless it allowed for entries written since.
  if [ -z "$was_half" ] || [ "$mode" != equal ]; then
    look_at_metadata || end "$reason_code" "not migrated, nothing changed: $reason"
    difference=$(same_entries "$WORK_DIR/backup.list" "$WORK_DIR/now.list" equal) ||
      end "$METADATA_CHANGED" "not migrated, nothing changed: the metadata is not what the backup holds ($difference). Milvus has run since; a new attempt with a new backup is needed."
  fi
  say "the metadata is what the backup holds"
  must_finish=
  stop_if_asked "The metadata is as before."
  must_finish=yes

  step "set the start mark"
  # In this order: killed in between, the attempt counts as half migrated and the backup is put back once more.
  if ! { clear_mark migrate.done && clear_mark restore.done && clear_mark restore.started &&
    stage migrate.done restore.started restore.done && mark migrate.started; }; then
    clear_mark migrate.started
    end "$DISK_FULL" "not migrated, nothing changed: the marks could not be written. $no_space_hint"
  fi

  step "migrate from $SOURCE_VERSION to $TARGET_VERSION"
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
  difference=$(is_migrated "$WORK_DIR/backup.list" "$WORK_DIR/now.list") ||
    fail_after_restoring "$VERIFY_FAILED" "the migrated metadata is not complete: $difference."
  summary=$(describe "$WORK_DIR/now.list")
  say "$summary"

  step "set the end mark"
  mark migrate.done || fail_after_restoring "$DISK_FULL" "the end mark could not be written. $no_space_hint"
  rm -f "$folder/restore.started.tmp" "$folder/restore.done.tmp"
  end 0 "migrated from $SOURCE_VERSION to $TARGET_VERSION: $summary."
}

do_restore() {
  steps=2
  step "look at the attempt $ATTEMPT"
  if ! marked migrate.started; then
    end 0 "the migration had not begun: the metadata is untouched, nothing to restore."
  fi
  if marked restore.done; then
    end 0 "the metadata is restored already."
  fi
  if [ "$verb" = restore ] && marked migrate.done && ! marked restore.started; then
    end "$ALREADY_MIGRATED" "the migration of attempt $ATTEMPT is finished. Undoing it loses what was written since: ask for it by the verb rollback."
  fi
  state="Do not start Milvus; restore etcd from another backup."
  if marked migrate.done && ! marked restore.started; then state="Nothing was changed."; fi
  check_recorded_backup "$state"
  stop_if_asked "This run has changed nothing."

  step "put the backup back"
  if marked migrate.done && ! marked restore.started; then
    # Nothing is broken yet: what keeps the rollback from starting must not read as broken metadata.
    look_at_metadata || end "$reason_code" "not rolled back, nothing changed: $reason"
  fi
  put_back
  end 0 "restored the metadata of $SOURCE_VERSION: $entries entries, compared with the backup."
}

trap on_exit EXIT
trap on_signal TERM INT HUP
case $verb in
  backup) prepare && do_backup ;;
  migrate) prepare && do_migrate ;;
  restore | rollback) prepare && do_restore ;;
  *) end "$USAGE" "unknown verb. Usage: metadata.sh backup|migrate|restore|rollback" ;;
esac
