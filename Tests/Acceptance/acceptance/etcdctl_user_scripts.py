"""Scripts of etcdctl about users, roles and passwords; see command_lines.py."""

USERS = {
    "users": """
        user add root:rp
        user add ann:ap
        user add ann:ap
        user add bob --new-user-password=bp
        user add eve --no-password
        user add eve:x --no-password
        user add :x
        user add tom --interactive=false <<< tp
        user add tim --interactive=false <<< two words
        user add tam --interactive=false
        user add two names
        user list
        user list -w json
        user get ann
        user get nobody
        role add reader
        role add reader
        role add writer -w json
        role list
        role list -w json
        role grant-permission reader read a
        role grant-permission reader READ b c
        role grant-permission reader readwrite p --prefix
        role grant-permission reader write k --from-key
        role grant-permission reader read "" --prefix
        role grant-permission reader read x --prefix --from-key
        role grant-permission reader read x y --prefix
        role grant-permission reader read x y --from-key
        role grant-permission nosuch read a
        role get reader
        role get reader -w json
        role get reader -w fields
        role get nosuch
        role get root
        user grant-role ann reader
        user grant-role ann nosuch
        user grant-role root root
        role get root
        user get ann --detail
        user get ann -w json
        role revoke-permission reader a
        role revoke-permission reader a
        role revoke-permission reader b c
        role revoke-permission reader p --prefix
        role revoke-permission reader k --from-key
        role revoke-permission reader x --prefix --from-key
        role revoke-permission reader x y --prefix
        role revoke-permission reader "" --prefix
        role get reader
        user passwd ann --interactive=false <<< new
        auth status
        auth status -w json
        auth enable
        auth enable
        get a
        --user ann:new get a
        --user ann:wrong get a
        --user ann --password new get a
        --user ann:new --password wrong get a
        --user ann: get a
        --user "" get a
        --user :new get a
        --password new get a
        ETCDCTL_USER=ann:new get a
        ETCDCTL_USER=ann ETCDCTL_PASSWORD=new get a
        ETCDCTL_USER=ann:new --user root:rp get a
        --user ann get a <<< new
        --user ann get a <<< wrong
        --auth-jwt-token nonsense get a
        --user ann:new put a 1
        --user root:rp put a 1
        --user root:rp role grant-permission reader read a
        --user root:rp role grant-permission reader write b
        --user ann:new get a
        --user ann:new put b 1
        --user ann:new get a c
        --user ann:new get "" --prefix
        --user ann:new del b
        --user ann:new txn <<< \\nput b 2\\nget a\\n\\n\\n
        --user ann:new txn <<< \\nget c\\n\\n\\n
        --user ann:new user list
        --user ann:new user get ann
        --user ann:new user get bob
        --user ann:new role get reader
        --user ann:new role get root
        --user ann:new compaction 1
        --user ann:new defrag
        --user ann:new alarm list
        --user ann:new member list
        --user ann:new endpoint health
        --user ann:new endpoint hashkv
        --user ann:wrong endpoint health
        endpoint health
        --user ann:new lease grant 100
        --user ann:new lease list
        --user ann:new snapshot save {directory}/refused.db
        --user ann:new auth disable
        --user nobody:x get a
        --user eve:x get a
        --user root:rp user revoke-role ann reader
        --user root:rp user revoke-role ann reader
        --user root:rp user delete ann
        --user root:rp role delete reader
        --user root:rp role delete reader
        --user root:rp user delete root
        --user root:rp role delete root
        --user root:rp auth disable
        user list
    """,
    "passwords from the standard input": """
        user add root <<< rp\\nrp\\n
        user add ann <<< one\\ntwo\\n
        user add bob <<< \\n
        user add tom
        user passwd root <<< new\\nnew\\n
        user passwd root <<< new\\nother\\n
        user passwd nobody <<< new\\nnew\\n
        user add spaces <<<  pass \\n pass \\n
        auth enable
        --user root get a <<< new\\n
        --user root:new user list
    """,
    "root is made by auth enable": """
        auth enable
        user add root:rp
        auth enable
        --user root:rp user get root
        --user root:rp auth disable
    """,
}
