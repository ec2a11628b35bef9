#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A project whose container wants its owner to execute something later.

load common

commit() {
	git -c user.name=test -c user.email=test@example.com -c protocol.file.allow=always "$@"
}

# A repository with two submodules, one of them with a hidden name, and a linked work tree.
make_project() {
	command -v git >/dev/null || skip "git is not installed"
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null HOME=$PWD/home
	mkdir -m 777 home
	commit init -q upstream
	echo 1 >upstream/file
	commit -C upstream add file
	commit -C upstream commit -qm one
	commit init -q project
	echo 1 >project/file
	commit -C project add file
	commit -C project commit -qm one
	commit -C project submodule -q add "$PWD/upstream" sub
	commit -C project submodule -q add "$PWD/upstream" .hidden
	commit -C project commit -qm subs
	commit -C project worktree add -q "$PWD/linked"
	! is_root || chown -R 65534:65534 upstream project linked home
}

box() {
	as_user env HOME="$HOME" "$INRO" run -q --guard-project "$@"
}

# Everything that git executes or believes, as it is now.
believed() {
	find project linked -path '*/objects' -prune -o \( -name config -o -path '*hooks*' -o -name .git -o -name commondir \
		-o -name config.worktree -o -name gitdir \) -type f -exec sha256sum {} + | sort -k2
	find project linked -name hooks -prune -printf '%p %y\n' -o -name .git -printf '%p %y\n' | sort
}

TRICKS='
for dir in .git .git/modules/sub .git/modules/.hidden .git/worktrees/linked; do
	echo x >>$dir/config; echo x >>$dir/config.worktree; echo /evil >$dir/commondir; echo /evil >$dir/gitdir
	echo x >$dir/hooks/pre-commit; mkdir $dir/hooks/evil; rm -rf $dir/hooks; mkdir -p $dir/hooks; echo x >$dir/hooks/post-checkout
	mv $dir/config $dir/config.old && echo x >$dir/config
	ln -sf /evil $dir/config
done
for dir in .git .git/modules .git/modules/sub .git/modules/.hidden .git/worktrees .git/worktrees/linked sub .hidden; do
	mv $dir $dir.away && mkdir -p $dir
	rm -rf $dir
done
for file in sub/.git .hidden/.git; do
	echo "gitdir: /evil" >$file; mv $file $file.old; ln -sf /evil $file; rm -f $file
done
rm -rf .git; mv .git evil; ln -s evil .git
true'

@test "agents: nothing that git would execute can be changed, exchanged or added" {
	make_project
	believed >before
	cd project
	box sh -c "$TRICKS" >/dev/null 2>&1
	box --preset agent sh -c "$TRICKS" >/dev/null 2>&1
	cd ../linked
	box sh -c 'echo "gitdir: /evil" >.git; echo x >>../project/.git/config; mv .git x; ln -sf /evil .git' >/dev/null 2>&1 || true
	cd ..
	believed | diff before -
}

@test "agents: work goes on" {
	make_project
	cd project
	box sh -c 'echo 2 >file && git -c user.name=x -c user.email=x@example.com commit -qam two'
	[ "$(as_user git log --oneline | wc -l)" = 3 ]
}

@test "agents: what one run prepares does not open the next" {
	make_project
	believed >before
	cd project
	box sh -c 'cp .gitmodules saved; : >.gitmodules'
	box sh -c 'echo "gitdir: /evil" >sub/.git; echo "gitdir: /evil" >.hidden/.git; mv sub sub2; mv .hidden h2' 2>/dev/null || true
	box sh -c 'head -c 100000 /dev/zero | tr "\0" "\n" >.gitmodules; ln -sf saved .gitmodules2'
	run box sh -c 'echo "gitdir: /evil" >sub/.git'
	box_gone() { as_user cp saved .gitmodules && as_user rm saved .gitmodules2; }
	box_gone
	cd ..
	believed | diff before -
}

@test "agents: each file that the config names is kept, also where it is not there yet" {
	make_project
	cd project
	as_user mkdir -p tools/hooks
	echo | as_user tee .git/one >/dev/null
	as_user sh -c 'printf "[include]\n\tpath = one\n\tpath = two\n[include] path = ../three\n[core] hooksPath = tools/hooks\n" >>.git/config'
	run box sh -c 'for file in .git/one .git/two three tools/hooks/pre-commit; do (echo x >>$file) && echo WRITTEN; done
		mv tools away && mkdir -p tools/hooks && echo WRITTEN
		rm .git/one && echo WRITTEN; echo tried'
	has tried
	lacks WRITTEN
	as_user rm -r tools
	run box sh -c 'mkdir -p tools/hooks && echo WRITTEN; echo tried'
	has tried
	lacks WRITTEN
	[ ! -e tools ]
	[ ! -e three ]
	[ ! -e .git/two ]
}

@test "agents: a link in place of what git believes is refused, and none leads to the home" {
	make_project
	mkdir -m 700 "$HOME/.ssh"
	echo SECRET >"$HOME/.ssh/id_rsa"
	! is_root || chown -R 65534 "$HOME/.ssh"
	for name in .git/config .git/hooks .git/commondir .git; do
		rm -rf copy
		cp -a project copy
		rm -rf "copy/$name"
		ln -s "$HOME/.ssh" "copy/$name"
		cd copy
		run box sh -c "cat '$HOME/.ssh/id_rsa'; echo ran"
		[ "$status" = 125 ]
		lacks ran
		cd ..
	done
	# A file instead, which claims to be a work tree of something private.
	rm -rf copy
	mkdir copy
	echo "gitdir: $HOME/.ssh/worktrees/x" >copy/.git
	! is_root || chown -R 65534 copy
	cd copy
	run box sh -c "cat '$HOME/.ssh/id_rsa'; ls '$HOME/.ssh'; echo x >'$HOME/.ssh/authorized_keys'"
	lacks SECRET
	[ ! -e "$HOME/.ssh/authorized_keys" ]
}

@test "agents: where there is no repository none can be planted" {
	make_project
	mkdir plain
	! is_root || chown 65534 plain
	cd plain
	box sh -c 'git init -q .; mkdir -p .git/objects .git/refs; echo "ref: refs/heads/x" >.git/HEAD
		git init -q --bare .; mkdir -p objects refs; echo "ref: refs/heads/x" >HEAD; echo x >config; mv .git x; mv HEAD x' 2>/dev/null || true
	[ ! -e .git ]
	[ ! -e HEAD ]
}

@test "agents: secrets are empty, also those that a link names" {
	make_project
	cd project
	as_user mkdir conf
	for file in .env .env.local server.pem id_rsa conf/real; do echo SECRET | as_user tee "$file" >/dev/null; done
	as_user ln -s conf/real .env.linked
	run box sh -c 'cat .env .env.local .env.linked server.pem id_rsa conf/real; mv .env x && cat x; mv conf c && cat c/real; ln .env y && cat y; echo tried'
	has tried
	lacks SECRET
}

@test "agents: nothing is left behind, also by a run that was killed, or beside another" {
	make_project
	cd project
	find . | sort >../before
	box true
	find . | sort | diff ../before -
	background "${AS_USER[@]}" env HOME="$HOME" "$INRO" run -q --guard-project sleep 60
	local other=${PIDS[-1]}
	until_true test -e .git/commondir
	box true
	# The other's guard still stands.
	[ -e .git/commondir ]
	kill -KILL "$other"
	wait "$other" || true
	box true
	find . | sort | diff ../before -
}

@test "agents: a lock on the project does not hold up other runs for ever" {
	make_project
	cp attacker project/
	cd project
	background "${AS_USER[@]}" "$INRO" run -q ./attacker lock . >../locked
	until_true grep -q lock ../locked
	run timeout 20 "${AS_USER[@]}" env HOME="$HOME" "$INRO" run -q --guard-project true
	[ "$status" = 125 ]
	has locked
}
