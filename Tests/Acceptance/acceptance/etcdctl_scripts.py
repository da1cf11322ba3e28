"""Scripts of etcdctl that change the state, each for fresh servers; see command_lines.py."""
from acceptance.etcdctl_user_scripts import USERS

CHANGING = {
    **USERS,
    "flags at any place": """
        put a 1
        -w json get a
        get -w=json a
        get -wjson a
        get a --hex -w simple
        --hex get a
        get --hex=true a
        get --hex=false a
        get --prefix -- a
        get a -- --prefix
        -w fields get a --rev 2
        get "a b" --prefix
        put -- --key --value
        get -- --key
        get --write-out json --prefix a
        get --prefix=true a --keys-only=1
        get a --prefix=F
        get --rev=2 --rev 1 a
        put --prev-kv a 2 --prev-kv=false
        put "tab\tkey" "line\\nvalue"
        get "tab\tkey" -w fields
        get "tab\tkey" -w json
        put quote "a\\"b'c"
        get quote -w fields
    """,
    "names of commands are shortened": """
        pu a 1
        ge a
        memb li
        le grant 100
        endp hea
        compaction 1
        comp 1
        compact 1
        compaction 2
        ver
        l
        au st
        us li
    """,
    "formats": """
        put f/1 one
        put f/2 "zwei ä\\"\\\\"
        get f --prefix -w simple
        get f --prefix -w json
        get f --prefix -w fields
        get f --prefix -w table
        get f --prefix -w bogus
        put f/1 eins -w fields --prev-kv
        put f/1 uno -w json --prev-kv
        put f/1 un -w table
        del f/1 --prev-kv -w fields
        del f/1 --prev-kv -w json
        del f/1 -w table
        lease grant 100 -w json
        lease grant 100 -w fields
        lease grant 100 -w table
        lease grant 100 -w bogus
        lease grant 100
        lease timetolive {lease} --keys -w json
        lease timetolive {lease} --keys -w fields
        lease timetolive {lease} --keys --hex -w fields
        lease timetolive {lease} -w table
        lease keep-alive {lease} --once -w json
        lease keep-alive {lease} --once -w fields
        lease keep-alive {lease} --once --hex -w fields
        lease keep-alive {lease} --once -w table
        lease revoke {lease} -w json
        lease grant 100
        lease revoke {lease} -w fields
        compaction 2 -w json
        compaction 3 -w bogus
        user add u1:p -w json
        user add u2:p -w fields
        user add u3:p -w table
        role add r1 -w json
        role add r2 -w fields
        role add r3 -w table
        role grant-permission r1 read a -w fields
        role grant-permission r1 read b -w json
        role revoke-permission r1 a -w fields
        user grant-role u1 r1 -w fields
        user grant-role u1 r2 -w json
        user revoke-role u1 r1 -w fields
        user get u1 -w fields
        user get u1 --detail -w json
        user list -w fields
        user list -w table
        role list -w fields
        role list -w table
        role get r1 -w table
        user passwd u1 --interactive=false -w fields <<< new
        user delete u1 -w fields
        user delete u2 -w json
        role delete r1 -w fields
        role delete r2 -w json
        auth status -w fields
        auth status -w table
    """,
    "transactions": """
        put k 1
        txn <<< ver("k") = "1"\\ncreate("k") > "0"\\nval("k") != "x"\\n\\nput l 2\\nget k\\n\\n\\n
        txn <<< \\nget k l\\nget k --prefix\\n\\n\\n
        txn <<< m("k") < "1"\\n\\n\\nput l "a b"\\ndel l\\n\\n
        txn <<< value("k\\\\x41") = "1"\\n\\n\\nget "l"\\n\\n
        txn <<< c("k") = "2"\\n\\nget k --keys-only\\nget k --count-only\\n\\n\\n
        txn <<< version("k") > "0"\\n\\nget "" --from-key --limit 1\\n\\n\\n
        txn <<<   ver("k") = "1"  \\n\\n  get k  \\n\\n\\n
        txn <<< ver("k")="1"\\n\\n\\n\\n
        txn <<< ver("k") = 1\\n\\n\\n\\n
        txn <<< ver( "k") = "1"\\n\\n\\n\\n
        txn <<< ver("k" = "1"\\n\\n\\n\\n
        txn <<< ("k") = "1"\\n\\n\\n\\n
        txn <<< what("k") = "1"\\n\\n\\n\\n
        txn <<< ver("k") = "x"\\n\\n\\n\\n
        txn <<< ver("k") = "99999999999999999999"\\n\\n\\n\\n
        txn <<< ver(k) = "1"\\n\\n\\n\\n
        txn <<< ver("k")\\n\\n\\n\\n
        txn <<< \\nput onlykey\\n\\n\\n
        txn <<< \\nput a 'b c'\\nput d "e\\\\tf"\\n\\n\\n
        txn <<< \\nput a b c\\n\\n\\n
        txn <<< \\nput e 1 --lease=1234\\n\\n\\n
        txn <<< \\nput f 1 --lease=zz\\n\\n\\n
        txn <<< \\nput k --ignore-value\\n\\n\\n
        txn <<< \\nput k 3 --prev-kv\\ndel d --prev-kv\\n\\n\\n
        txn <<< \\nfoo bar\\n\\n\\n
        txn <<< \\nget\\n\\n\\n
        txn <<< \\nget k --nosuch\\n\\n\\n
        txn <<< \\nget k --order=WRONG\\n\\n\\n
        txn <<< \\ndel k l --range\\n\\n\\n
        txn <<< \\n
        txn <<< \\n\\n
        txn
        txn -w json <<< \\nput k 4\\nget k\\n\\n\\n
        txn -w fields <<< \\nput k 5 --prev-kv\\nget k\\ndel k\\n\\n\\n
        txn -w table <<< \\nput k 6\\n\\n\\n
        txn -w bogus <<< \\nput k 8\\n\\n\\n
        txn --hex <<< \\nget k\\n\\n\\n
        txn -i <<< ver("k") = "1"\\n\\nget k\\n\\n\\n
        txn -i <<< \\nput k 9\\n\\n\\n
        txn --interactive=true <<< bogus\\n
        get "" --prefix
    """,
    "values from the standard input": """
        put a <<< from input
        get a -w json
        put b <<< no end
        get b -w json
        put c <<< \\n
        get c -w json
        put d <<< two\\nlines\\n
        get d -w json
        put e
        put f --ignore-value <<< ignored
        put a --ignore-value <<< ignored
        get a
        put g "" <<< ignored
        get g -w json
        put h 1 2 3
        get h
    """,
    "deletions": """
        put d/1 1
        put d/2 2
        put d/3 3
        put e 4
        del d/1 d/2
        del d/1 d/2 --range
        del d/ --prefix --prev-kv
        del d/ --from-key --prev-kv
        put a 1
        put b 2
        del "" --prefix
        put a 1
        del "" --from-key
        del a b --prefix
        del a b --from-key
        del a b c
    """,
    "locks and elections": """
        lock name true
        lock name false
        lock name sh -c "exit 7"
        lock name sh -c "exit 300"
        lock name nosuchcommand
        lock name /nosuch/command
        lock name /
        lock name sh -c "kill -9 $$"
        lock name sh -c "kill -TERM $$"
        lock name sh -c "echo out; echo err >&2"
        lock name cat <<< not for the command
        lock name sh -c "echo $ETCD_LOCK_REV; echo ${ETCD_LOCK_KEY%/*}"
        lock name --ttl=5 -- sh -c "echo -n x"
        lock --ttl x name true
        lock --ttl=0 name true
        lock "" true
        lock a/b/ echo done
        elect name
        elect name value -l
        elect a b c
        get "" --prefix
    """,
    "commands of watches": """
        put w 1
        put w "2 b"
        del w
        watch w --rev=2 -- false
        watch w --rev=2 -- sh -c "exit 3"
        watch w --rev=2 -- nosuchcommand
        watch w --rev=2 -- sh -c "kill -9 $$"
        watch w --rev=3 -- sh -c "echo $ETCD_WATCH_EVENT_TYPE $ETCD_WATCH_KEY $ETCD_WATCH_VALUE; exit 1"
        watch w --rev=4 -- sh -c "echo $ETCD_WATCH_EVENT_TYPE $ETCD_WATCH_REVISION; exit 1"
        watch w --rev=3 -w json -- false
        watch w x --rev=3 -w fields -- false
        watch w --prefix --prev-kv --rev=3 -- sh -c "cat; exit 1" <<< not for the command
        watch --rev=2 --prefix w -- false
        ETCDCTL_WATCH_KEY=w watch --rev=2 -- false
        ETCDCTL_WATCH_KEY=w ETCDCTL_WATCH_RANGE_END=x watch --rev=2 -- false
        ETCDCTL_WATCH_KEY=w watch w
        ETCDCTL_WATCH_KEY=w watch w -- false
        ETCDCTL_WATCH_RANGE_END=x watch w
        watch w x --prefix --rev=2 -- false
        watch
        watch --
        watch w --
        compaction 3
        watch w --rev=2
        watch w --rev=2 -w fields
    """,
    "interactive watches": """
        watch -i
        watch -i <<< \\n
        watch -i <<< nonsense\\n
        watch -i <<< put a b\\nget a\\n
        watch -i <<< watch\\n
        watch -i <<< watch a b --prefix\\n
        watch -i <<< watch a --nosuch\\n
        watch -i <<< watch a --rev=x\\n
        watch -i <<< watch a --\\n
        watch -i <<< watch --rev=1\\n
        watch -i <<< progress\\n
        watch --interactive=true <<< unfinished
        watch -i -w bogus <<< watch a\\n
        watch -i <<< watch "a\\n
    """,
    "snapshots": """
        put a 1
        snapshot save {directory}/snapshot.db
        snapshot save {directory}/snapshot.db
        snapshot save
        snapshot save a b
        snapshot save {directory}/nosuch/snapshot.db
        snapshot save {directory}/json.db -w json
        snapshot save {directory}/bogus.db -w bogus
        snapshot save ""
        --endpoints {endpoint},{endpoint} snapshot save {directory}/two.db
        snapshot save --command-timeout=1ns {directory}/late.db
        snapshot nosuch
    """,
    "leases": """
        lease grant 100
        put l 1 --lease={lease}
        lease timetolive {lease} --keys
        lease keep-alive --once {lease}
        lease keep-alive 1234
        lease keep-alive 1234 -w json
        lease keep-alive --once 1234
        lease revoke {lease}
        lease revoke {lease}
        lease grant -- -1
        lease grant 1x
        lease grant 0x10
        lease grant 1_0
        lease grant +5
        lease timetolive 0x12
        lease timetolive -- -1
        put m 1 --lease=0x5
        put m 1 --lease=-1
        put m 1 --lease=0
        get l
    """,
}
