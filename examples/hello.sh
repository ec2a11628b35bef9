# SPDX-License-Identifier: Apache-2.0
# A first look at a container from inside: inro run -- sh -c "$(cat examples/hello.sh)"
# shellcheck shell=sh

if [ -t 1 ]; then bold=$(printf '\033[1m') dim=$(printf '\033[2m') off=$(printf '\033[0m'); else bold='' dim='' off=''; fi

say() { printf '  %s%-18s%s %s\n' "$dim" "$1" "$off" "$2"; }
may() { if sh -c "$2" >/dev/null 2>&1; then say "$1" yes; else say "$1" no; fi; }

count=0
for process in /proc/[0-9]*; do
	[ -d "$process" ] && count=$((count + 1))
done

# Empty but for the current directory, which is the host's.
home=$(ls -A "$HOME" 2>/dev/null)
case $(echo "$home" | wc -w) in
0) home=empty ;;
1) home="with nothing in it but $home" ;;
*) home="with $(echo "$home" | wc -l) entries" ;;
esac

printf '\n%sHello from inside a container.%s\n\n' "$bold" "$off"
say 'my name' "$(uname -n)"
say 'my PID' "$$, the first process of this world"
say 'whom I see' "$count process$([ "$count" = 1 ] || echo es), all of them mine"
say 'my user' "$(id -un 2>/dev/null || id -u) (uid $(id -u))"
say 'my capabilities' "$(sed -n 's/^CapEff:[[:space:]]*0*\(.*\)/\1/p' /proc/self/status | sed 's/^$/none at all/')"
say 'my network' "$(sed -n 's/^ *\([^ :]*\):.*/\1/p' /proc/net/dev | tr '\n' ' ')and nothing else"
say 'my home' "$HOME, $home"
printf '\n%sWhat I may do%s\n\n' "$bold" "$off"
may 'run programs' 'ls /usr/bin'
may 'write to /tmp' 'echo hello > /tmp/hello'
may 'change /usr' ': > /usr/hello'
may 'mount' 'mount -t tmpfs none /mnt || mount -t tmpfs none /tmp'
may 'read passwords' 'head -c 1 /etc/shadow'
may 'see the host' 'ls -d /boot/* || ls -d /var/lib/* || ls -d /srv/* || ls -d /mnt/*'
may 'be someone else' 'setpriv --reuid 2 --clear-groups true'
printf '\nIt took no image, no daemon and no configuration. Try: %s%s run%s, %s%s run --explain%s.\n\n' \
	"$bold" "${INRO:-inro}" "$off" "$bold" "${INRO:-inro}" "$off"
