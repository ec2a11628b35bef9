# SPDX-License-Identifier: Apache-2.0
# For the tests of ls, tree, pid, same, kill and watch: processes in namespaces to look at.

# Start inro with these words in the background; what it runs must write a line when it is ready.
# BOX is its PID 1 here. All that was started is ended by stop_boxes.
BOXES=()
start_box() { # NAME WORDS…
	local name=$1 ready
	shift
	mkfifo "$name.fifo"
	"${RUNNER[@]}" "$INRO" run -q --preset none --ns pid,uts,mnt,user --name "$name" -- "$@" >"$name.fifo" &
	BOXES+=($!)
	exec 9<"$name.fifo"
	read -r -t 20 ready <&9
	exec 9<&-
	[ "$ready" = ready ]
	# The record is written while the command already runs.
	eventually find_box "$name"
}

find_box() { # NAME
	BOX=$("${RUNNER[@]}" "$INRO" ls -qrn -t pid --name "$1" -o PID) && [ -n "$BOX" ]
}

# By their first processes, so that inro ends by itself, and takes its record with it.
stop_boxes() {
	local pid
	for pid in "${BOXES[@]}"; do
		pkill -KILL -P "$pid" 2>/dev/null || true
		for _ in {1..40}; do
			case $(ps -o stat= -p "$pid") in '' | Z*) break ;; esac
			sleep 0.05
		done
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
}

# Names are of one user, tests may run at the same time.
unique() {
	echo "$1-$$-$BATS_TEST_NUMBER-$RANDOM"
}

# Try a command until it succeeds, for ten seconds at most.
eventually() {
	for _ in {1..100}; do
		"$@" && return
		sleep 0.1
	done
	echo "did not come true: $*"
	return 1
}
