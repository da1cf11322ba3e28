"""Command lines of etcdctl that change nothing; see command_lines.py.

They run at the same time on one server, whose state `STATE` made.
"""
import itertools

# The state of the server that the following lines read.
STATE = """
    put k/1 one
    put k/2 two
    put k/3 three
    put k/2 zwei
    put other value
    put bin "a\\x00b"
    lease grant 1000
    put leased value --lease={lease}
    user add ann:ap
    role add reader
    role grant-permission reader read a c
    role grant-permission reader readwrite p --prefix
    user grant-role ann reader
"""

FORMATS = ("simple", "json", "fields", "table", "protobuf", "bogus")

FORMATTED = (
    "get k/ --prefix", "get missing", "get k/1 --hex", "get leased --hex",
    "get k/ --prefix --count-only", "get k/ --prefix --keys-only",
    "get k/ --prefix --print-value-only", "get k/ --prefix --limit 1", "member list",
    "member list --hex", "endpoint status", "endpoint health", "endpoint hashkv",
    "alarm list", "alarm disarm", "lease list", "lease timetolive {lease}",
    "lease timetolive {lease} --keys", "lease timetolive 1234", "lease list --hex", "auth status",
    "user list", "user get ann", "user get ann --detail", "role list", "role get reader",
    "role get nosuch", "version", "move-leader 1234",
)

READING = {
    "formats of responses": "\n".join(
        f"{line} -w {form}" for line, form in itertools.product(FORMATTED, FORMATS)),
    "malformed flags": """
        get foo --bogus
        get -x
        get -xyz
        get --rev
        get foo --rev=x
        get foo --rev=1.5
        get foo --rev=
        get foo -w
        get foo --command-timeout=5
        get foo --command-timeout=x
        get foo --command-timeout=
        get foo --hex=maybe
        get foo --hex=
        get foo --=x
        get foo ---x
        get foo --limit=99999999999999999999
        get foo --limit=-1
        get foo --rev=-1
        lease grant --bogus
        put foo --prefix
        --rev 3 get foo
        --nosuch
        -w
        --endpoints
        lock x --ttl=99999999999999999999
        make-mirror x --max-txn-ops=-1
        make-mirror x --max-txn-ops=x
        get foo --help=maybe
    """,
    "unknown commands": """
        nosuch
        gte foo
        nosuch --hex
        pur a b
        snapshots
        "" get
        GET foo
        -w json nosuch
        help nosuch
        help get nosuch
    """,
    "arguments": """
        put
        get
        del
        txn argument
        compaction
        compaction 1 2
        compaction x
        compaction 99999999999999999999
        lease grant
        lease grant x
        lease grant 1 2
        lease revoke
        lease revoke zz
        lease revoke 1 2
        lease timetolive
        lease timetolive 1 2
        lease keep-alive
        lease keep-alive 1 2
        lease list now
        member remove
        member remove zz
        member remove 1 2
        member remove 10000000000000000
        member update
        member update zz
        member update 1
        member update 1 --peer-urls=x
        member promote
        member promote zz
        member add
        member add x
        member add x y
        member add x http://127.0.0.1:1
        member add x http://127.0.0.1:1 HTTP://127.0.0.1:2
        member add x --peer-urls=nonsense
        member list now
        member list --consistency=x
        member list --consistency=s
        move-leader
        move-leader zz
        move-leader 1 2
        snapshot save
        elect
        elect e
        elect -l e v
        lock
        auth enable now
        auth disable now
        auth status now
        alarm list now
        alarm disarm now
        defrag now
        endpoint health now
        endpoint status now
        endpoint hashkv now
        endpoint hashkv --rev=99999
        endpoint hashkv --rev=x
        user add
        user delete
        user delete a b
        user get
        user get a b
        user list now
        user passwd
        user passwd a b
        user grant-role a
        user grant-role a b c
        user revoke-role a
        user revoke-role a b c
        role add
        role add a b
        role delete
        role delete a b
        role get
        role get a b
        role list now
        role grant-permission
        role grant-permission r
        role grant-permission r read
        role grant-permission r nothing k
        role revoke-permission
        role revoke-permission r
        make-mirror
        make-mirror a b
        make-mirror 127.0.0.1:1 --dest-prefix a --no-dest-prefix
        version now
        completion
        completion nosuch
        completion bash zsh
        check perf --load=nosuch
        check datascale --load=nosuch
        get a b --prefix
        get a b --from-key
        get a --prefix --from-key
        get a b c
        put a b --ignore-value
        get a --keys-only --count-only
        get a --consistency=x
        get a --order=x
        get a --sort-by=x
        watch
        watch a --
        watch a b --prefix
    """,
    "ranges": """
        get k/1 k/3
        get k/2 --from-key --keys-only
        get "" --prefix --keys-only
        get "" --from-key --limit 2 --keys-only
        get k/ --prefix --order=descend --sort-by=value
        get k/ --prefix --order=DESCEND --sort-by=Modify
        get k/ --prefix --sort-by=create
        get k/ --prefix --sort-by=version --order=ASCEND
        get k/2 --rev 3
        get k/2 --rev 1
        get k/2 --rev 4 -w fields
        get k/2 --consistency=s
        get bin
        get bin --hex
        get bin -w fields
        get bin -w json
        get k/ --prefix --print-value-only --hex
    """,
    "environment": """
        ETCDCTL_WRITE_OUT=json get k/1
        ETCDCTL_WRITE_OUT=bogus get k/1
        ETCDCTL_WRITE_OUT=json get k/1 -w simple
        ETCDCTL_WRITE_OUT= get k/1
        ETCDCTL_HEX=true get k/1
        ETCDCTL_HEX=maybe get k/1
        ETCDCTL_HEX=true version
        ETCDCTL_HEX=true --hex version
        ETCDCTL_HEX=true --hex get k/1
        ETCDCTL_HEX=true --hex get
        ETCDCTL_API=3 get k/1
        ETCDCTL_API=2 get k/1
        ETCDCTL_NOSUCH=1 get k/1
        ETCDCTL_ENDPOINTS={endpoint} get k/1
        ETCDCTL_ENDPOINTS={endpoint},127.0.0.1:1 get k/1
        ETCDCTL_ENDPOINTS={endpoint} --endpoints {endpoint} get k/1
        ETCDCTL_CLUSTER=true endpoint health
        ETCDCTL_CLUSTER=true get k/1
        ETCDCTL_CLUSTER=true endpoint --cluster health
        ETCDCTL_KEEPALIVE_TIME=10s ETCDCTL_KEEPALIVE_TIMEOUT=10s get k/1
        ETCDCTL_KEEPALIVE_TIME=10 get k/1
        ETCDCTL_DIAL_TIMEOUT=10s get k/1
        ETCDCTL_INSECURE_TRANSPORT=true get k/1
        ETCDCTL_USER=ann:wrong get k/1
        ETCDCTL_CERT=/nosuch ETCDCTL_KEY=/nosuch get k/1
        ETCDCTL_CACERT=/nosuch get k/1
        ETCDCTL_PREFIX=true get k/
    """,
    "endpoints": """
        --endpoints {endpoint} get k/1
        --endpoints http://{endpoint} get k/1
        --endpoints={endpoint},{endpoint} get k/1
        --endpoints={endpoint} --endpoints={endpoint} endpoint health
        --endpoints "{endpoint}, {endpoint}" get k/1
        --endpoints= get k/1
        --endpoints "" endpoint health
        --endpoints 127.0.0.1:1,{endpoint} get k/1
        --endpoints 127.0.0.1:1,{endpoint} put k/1 --ignore-value --lease=zz
        --endpoints 127.0.0.1:1 --command-timeout=300ms get k/1
        --endpoints 127.0.0.1:1 --command-timeout=300ms get k/1 -w json
        --endpoints 127.0.0.1:1 --command-timeout=300ms put k/1 x
        --endpoints 127.0.0.1:1 --command-timeout=300ms del k/1
        --endpoints 127.0.0.1:1 --command-timeout=300ms compaction 1
        --endpoints 127.0.0.1:1 --command-timeout=300ms lease grant 5
        --endpoints 127.0.0.1:1 --command-timeout=300ms lease revoke 5
        --endpoints 127.0.0.1:1 --command-timeout=300ms member list
        --endpoints 127.0.0.1:1 --command-timeout=300ms member add x --peer-urls=http://127.0.0.1:1
        --endpoints 127.0.0.1:1 --command-timeout=300ms alarm list
        --endpoints 127.0.0.1:1 --command-timeout=300ms auth status
        --endpoints 127.0.0.1:1 --command-timeout=300ms auth enable
        --endpoints 127.0.0.1:1 --command-timeout=300ms move-leader 1
        --endpoints 127.0.0.1:1 --command-timeout=300ms defrag
        --endpoints 127.0.0.1:1 --command-timeout=300ms endpoint health
        --endpoints 127.0.0.1:1 --command-timeout=300ms endpoint status
        --endpoints 127.0.0.1:1 --command-timeout=300ms endpoint hashkv
        --endpoints 127.0.0.1:1 --command-timeout=300ms endpoint health --cluster
        --endpoints 127.0.0.1:1,{endpoint} --command-timeout=300ms endpoint health
        --endpoints 127.0.0.1:1,{endpoint} --command-timeout=300ms endpoint status
        --endpoints 127.0.0.1:1,{endpoint} --command-timeout=300ms endpoint hashkv
        --endpoints 127.0.0.1:1,{endpoint} --command-timeout=300ms defrag
        --endpoints 127.0.0.1:1 --command-timeout=300ms --user a:b get k/1
        --command-timeout=1ns get k/1
        --command-timeout=0s get k/1
        --command-timeout=-1s get k/1
        --dial-timeout=1ns get k/1
        --max-request-bytes=1 get k/1
        --max-request-bytes=100 put k/1 --ignore-value --lease=zz
        --max-recv-bytes=1 get k/1
        --max-recv-bytes=1000 get k/1
        --keepalive-time=10s --keepalive-timeout=10s get k/1
        --insecure-transport=false get k/1 --command-timeout=300ms
        --insecure-skip-tls-verify get k/1 --command-timeout=300ms
        --cacert "" get k/1
        --cert "" get k/1
        --key "" get k/1
        --cert /nosuch get k/1
        --key /nosuch get k/1
        --cert /nosuch --key /nosuch get k/1
        --cacert /nosuch get k/1
        --cacert /dev/null get k/1
        --discovery-srv=nosuch.invalid get k/1
        -d nosuch.invalid get k/1
        -d nosuch.invalid --discovery-srv-name=x get k/1
        -d nosuch.invalid --insecure-discovery=false get k/1
        --discovery-srv="" get k/1
        --discovery-srv-name=x get k/1
        --insecure-discovery=false get k/1
        -d nosuch.invalid endpoint health
        -d nosuch.invalid version
    """,
}

# A server with TLS that requires client certificates. {ca}, {cert} and {key} are good, {otherca} is
# another authority, {othercert} and {otherkey} are from it.
ENCRYPTED = """
    --cacert {ca} --cert {cert} --key {key} get a
    --cacert={ca} --cert={cert} --key={key} put a 1 --ignore-value --lease=zz
    ETCDCTL_CACERT={ca} ETCDCTL_CERT={cert} ETCDCTL_KEY={key} get a
    ETCDCTL_CACERT={ca} ETCDCTL_CERT={cert} ETCDCTL_KEY={key} --cacert {ca} get a
    --endpoints https://{endpoint} --cacert {ca} --cert {cert} --key {key} get a
    --endpoints https://{endpoint} --cacert {ca} --cert {cert} --key {key} endpoint health
    --cacert {ca} --cert {cert} --key {key} endpoint health
    --cacert {ca} --cert {cert} --key {key} endpoint status -w json
    --cacert {ca} --cert {cert} --key {key} endpoint hashkv -w json
    --cacert {ca} --cert {cert} --key {key} member list
    --cacert {ca} --cert {cert} --key {key} endpoint health --cluster
    --insecure-skip-tls-verify --cert {cert} --key {key} get a
    --insecure-skip-tls-verify --cacert {otherca} --cert {cert} --key {key} get a
    --command-timeout=500ms get a
    --command-timeout=500ms --cacert {ca} get a
    --command-timeout=500ms --cacert {otherca} --cert {cert} --key {key} get a
    --command-timeout=500ms --cacert {ca} --cert {othercert} --key {otherkey} get a
    --command-timeout=500ms --cert {cert} --key {key} get a
    --command-timeout=500ms --insecure-transport=false get a
    --command-timeout=500ms --insecure-skip-tls-verify get a
    --command-timeout=500ms --endpoints https://{endpoint} get a
    --command-timeout=500ms --endpoints http://{endpoint} get a
    --command-timeout=500ms --endpoints http://{endpoint} --cacert {ca} --cert {cert} --key {key} get a
    --command-timeout=500ms endpoint health
    --cacert {ca} --cert {cert} get a
    --cacert {ca} --key {key} get a
    --cacert {ca} --cert {key} --key {cert} get a
    --cacert {ca} --cert {cert} --key {otherkey} get a
    --cacert {key} --cert {cert} --key {key} get a
"""

# Three members, of which {endpoint} is a follower, {others} are the other two.
CLUSTERED = """
    endpoint health --cluster
    endpoint health --cluster -w json
    endpoint status --cluster -w json
    endpoint status --cluster -w fields
    endpoint status --cluster
    endpoint hashkv --cluster
    endpoint hashkv --cluster -w json
    endpoint --cluster health
    --endpoints {endpoint},{others} endpoint health
    --endpoints {endpoint},{others} endpoint status
    --endpoints {endpoint},{others} endpoint hashkv
    --endpoints {endpoint},{others} get a
    --endpoints {endpoint},{others} snapshot save {directory}/x.db
    member list
    member list -w json
    member list -w fields
    member list --hex -w json
    member list --hex -w fields
    member list --consistency=s
    move-leader {follower}
    move-leader 1234
    --endpoints {endpoint},{others} move-leader 1234
    --endpoints {endpoint},{others} move-leader {leader}
    get a --consistency=s
    get a
"""

# The same member when the other two are stopped.
LEADERLESS = """
    get a
    get a --consistency=s
    put a 1
    del a
    txn <<< \\nput a 1\\n\\n\\n
    lease grant 5
    lease list
    member list
    member list --consistency=s
    endpoint health
    endpoint health -w json
    endpoint hashkv
    alarm list
    auth status
    compaction 1
    move-leader {follower}
    --endpoints {endpoint},{others} get a --consistency=s
    --endpoints {others} get a
    --endpoints {endpoint},{others} endpoint health
    endpoint health --cluster
"""

# Members with an alarm of full space.
ALARMED = """
    alarm list
    alarm list -w json
    alarm list -w fields
    alarm list --hex -w fields
    put a 1
    txn <<< \\nput a 1\\n\\n\\n
    lease grant 10
    get a
    del a
    endpoint health
    endpoint health -w json
    endpoint health -w fields
    endpoint status -w json
    alarm disarm -w fields
    alarm list
    alarm disarm
"""
