// Written by Scripts/generate-protobuf.sh from Proto. Do not edit.

/// The messages that the services of etcd receive and send.
enum EtcdSchema {
    static let text: StaticString = """
        message etcdserverpb.RangeRequest
         bytes 1 key
         bytes 2 range_end
         int64 3 limit
         int64 4 revision
         enum:etcdserverpb.RangeRequest.SortOrder 5 sort_order
         enum:etcdserverpb.RangeRequest.SortTarget 6 sort_target
         bool 7 serializable
         bool 8 keys_only
         bool 9 count_only
         int64 10 min_mod_revision
         int64 11 max_mod_revision
         int64 12 min_create_revision
         int64 13 max_create_revision
        message etcdserverpb.RangeResponse
         message:etcdserverpb.ResponseHeader 1 header
         message:mvccpb.KeyValue* 2 kvs
         bool 3 more
         int64 4 count
        message etcdserverpb.RangeStreamResponse
         message:etcdserverpb.RangeResponse 1 range_response
        message etcdserverpb.PutRequest
         bytes 1 key
         bytes 2 value
         int64 3 lease
         bool 4 prev_kv
         bool 5 ignore_value
         bool 6 ignore_lease
        message etcdserverpb.PutResponse
         message:etcdserverpb.ResponseHeader 1 header
         message:mvccpb.KeyValue 2 prev_kv
        message etcdserverpb.DeleteRangeRequest
         bytes 1 key
         bytes 2 range_end
         bool 3 prev_kv
        message etcdserverpb.DeleteRangeResponse
         message:etcdserverpb.ResponseHeader 1 header
         int64 2 deleted
         message:mvccpb.KeyValue* 3 prev_kvs
        message etcdserverpb.TxnRequest
         message:etcdserverpb.Compare* 1 compare
         message:etcdserverpb.RequestOp* 2 success
         message:etcdserverpb.RequestOp* 3 failure
        message etcdserverpb.TxnResponse
         message:etcdserverpb.ResponseHeader 1 header
         bool 2 succeeded
         message:etcdserverpb.ResponseOp* 3 responses
        message etcdserverpb.CompactionRequest
         int64 1 revision
         bool 2 physical
        message etcdserverpb.CompactionResponse
         message:etcdserverpb.ResponseHeader 1 header
        message etcdserverpb.WatchRequest
         message:etcdserverpb.WatchCreateRequest 1 create_request request_union
         message:etcdserverpb.WatchCancelRequest 2 cancel_request request_union
         message:etcdserverpb.WatchProgressRequest 3 progress_request request_union
        message etcdserverpb.WatchResponse
         message:etcdserverpb.ResponseHeader 1 header
         int64 2 watch_id
         bool 3 created
         bool 4 canceled
         int64 5 compact_revision
         string 6 cancel_reason
         bool 7 fragment
         message:mvccpb.Event* 11 events
        message etcdserverpb.LeaseGrantRequest
         int64 1 TTL
         int64 2 ID
        message etcdserverpb.LeaseGrantResponse
         message:etcdserverpb.ResponseHeader 1 header
         int64 2 ID
         int64 3 TTL
         string 4 error
        message etcdserverpb.LeaseRevokeRequest
         int64 1 ID
        message etcdserverpb.LeaseRevokeResponse
         message:etcdserverpb.ResponseHeader 1 header
        message etcdserverpb.LeaseKeepAliveRequest
         int64 1 ID
        message etcdserverpb.LeaseKeepAliveResponse
         message:etcdserverpb.ResponseHeader 1 header
         int64 2 ID
         int64 3 TTL
        message etcdserverpb.LeaseTimeToLiveRequest
         int64 1 ID
         bool 2 keys
        message etcdserverpb.LeaseTimeToLiveResponse
         message:etcdserverpb.ResponseHeader 1 header
         int64 2 ID
         int64 3 TTL
         int64 4 grantedTTL
         bytes* 5 keys
        message etcdserverpb.LeaseLeasesRequest
        message etcdserverpb.LeaseLeasesResponse
         message:etcdserverpb.ResponseHeader 1 header
         message:etcdserverpb.LeaseStatus* 2 leases
        message etcdserverpb.MemberAddRequest
         string* 1 peerURLs
         bool 2 isLearner
        message etcdserverpb.MemberAddResponse
         message:etcdserverpb.ResponseHeader 1 header
         message:etcdserverpb.Member 2 member
         message:etcdserverpb.Member* 3 members
        message etcdserverpb.MemberRemoveRequest
         uint64 1 ID
        message etcdserverpb.MemberRemoveResponse
         message:etcdserverpb.ResponseHeader 1 header
         message:etcdserverpb.Member* 2 members
        message etcdserverpb.MemberUpdateRequest
         uint64 1 ID
         string* 2 peerURLs
        message etcdserverpb.MemberUpdateResponse
         message:etcdserverpb.ResponseHeader 1 header
         message:etcdserverpb.Member* 2 members
        message etcdserverpb.MemberListRequest
         bool 1 linearizable
        message etcdserverpb.MemberListResponse
         message:etcdserverpb.ResponseHeader 1 header
         message:etcdserverpb.Member* 2 members
        message etcdserverpb.MemberPromoteRequest
         uint64 1 ID
        message etcdserverpb.MemberPromoteResponse
         message:etcdserverpb.ResponseHeader 1 header
         message:etcdserverpb.Member* 2 members
        message etcdserverpb.AlarmRequest
         enum:etcdserverpb.AlarmRequest.AlarmAction 1 action
         uint64 2 memberID
         enum:etcdserverpb.AlarmType 3 alarm
        message etcdserverpb.AlarmResponse
         message:etcdserverpb.ResponseHeader 1 header
         message:etcdserverpb.AlarmMember* 2 alarms
        message etcdserverpb.StatusRequest
        message etcdserverpb.StatusResponse
         message:etcdserverpb.ResponseHeader 1 header
         string 2 version
         int64 3 dbSize
         uint64 4 leader
         uint64 5 raftIndex
         uint64 6 raftTerm
         uint64 7 raftAppliedIndex
         string* 8 errors
         int64 9 dbSizeInUse
         bool 10 isLearner
         string 11 storageVersion
         int64 12 dbSizeQuota
         message:etcdserverpb.DowngradeInfo 13 downgradeInfo
        message etcdserverpb.DefragmentRequest
        message etcdserverpb.DefragmentResponse
         message:etcdserverpb.ResponseHeader 1 header
        message etcdserverpb.HashRequest
        message etcdserverpb.HashResponse
         message:etcdserverpb.ResponseHeader 1 header
         uint32 2 hash
        message etcdserverpb.HashKVRequest
         int64 1 revision
        message etcdserverpb.HashKVResponse
         message:etcdserverpb.ResponseHeader 1 header
         uint32 2 hash
         int64 3 compact_revision
         int64 4 hash_revision
        message etcdserverpb.SnapshotRequest
        message etcdserverpb.SnapshotResponse
         message:etcdserverpb.ResponseHeader 1 header
         uint64 2 remaining_bytes
         bytes 3 blob
         string 4 version
        message etcdserverpb.MoveLeaderRequest
         uint64 1 targetID
        message etcdserverpb.MoveLeaderResponse
         message:etcdserverpb.ResponseHeader 1 header
        message etcdserverpb.DowngradeRequest
         enum:etcdserverpb.DowngradeRequest.DowngradeAction 1 action
         string 2 version
        message etcdserverpb.DowngradeResponse
         message:etcdserverpb.ResponseHeader 1 header
         string 2 version
        message etcdserverpb.AuthEnableRequest
        message etcdserverpb.AuthEnableResponse
         message:etcdserverpb.ResponseHeader 1 header
        message etcdserverpb.AuthDisableRequest
        message etcdserverpb.AuthDisableResponse
         message:etcdserverpb.ResponseHeader 1 header
        message etcdserverpb.AuthStatusRequest
        message etcdserverpb.AuthStatusResponse
         message:etcdserverpb.ResponseHeader 1 header
         bool 2 enabled
         uint64 3 authRevision
        message etcdserverpb.AuthenticateRequest
         string 1 name
         string 2 password
        message etcdserverpb.AuthenticateResponse
         message:etcdserverpb.ResponseHeader 1 header
         string 2 token
        message etcdserverpb.AuthUserAddRequest
         string 1 name
         string 2 password
         message:authpb.UserAddOptions 3 options
         string 4 hashedPassword
        message etcdserverpb.AuthUserAddResponse
         message:etcdserverpb.ResponseHeader 1 header
        message etcdserverpb.AuthUserGetRequest
         string 1 name
        message etcdserverpb.AuthUserGetResponse
         message:etcdserverpb.ResponseHeader 1 header
         string* 2 roles
        message etcdserverpb.AuthUserListRequest
        message etcdserverpb.AuthUserListResponse
         message:etcdserverpb.ResponseHeader 1 header
         string* 2 users
        message etcdserverpb.AuthUserDeleteRequest
         string 1 name
        message etcdserverpb.AuthUserDeleteResponse
         message:etcdserverpb.ResponseHeader 1 header
        message etcdserverpb.AuthUserChangePasswordRequest
         string 1 name
         string 2 password
         string 3 hashedPassword
        message etcdserverpb.AuthUserChangePasswordResponse
         message:etcdserverpb.ResponseHeader 1 header
        message etcdserverpb.AuthUserGrantRoleRequest
         string 1 user
         string 2 role
        message etcdserverpb.AuthUserGrantRoleResponse
         message:etcdserverpb.ResponseHeader 1 header
        message etcdserverpb.AuthUserRevokeRoleRequest
         string 1 name
         string 2 role
        message etcdserverpb.AuthUserRevokeRoleResponse
         message:etcdserverpb.ResponseHeader 1 header
        message etcdserverpb.AuthRoleAddRequest
         string 1 name
        message etcdserverpb.AuthRoleAddResponse
         message:etcdserverpb.ResponseHeader 1 header
        message etcdserverpb.AuthRoleGetRequest
         string 1 role
        message etcdserverpb.AuthRoleGetResponse
         message:etcdserverpb.ResponseHeader 1 header
         message:authpb.Permission* 2 perm
        message etcdserverpb.AuthRoleListRequest
        message etcdserverpb.AuthRoleListResponse
         message:etcdserverpb.ResponseHeader 1 header
         string* 2 roles
        message etcdserverpb.AuthRoleDeleteRequest
         string 1 role
        message etcdserverpb.AuthRoleDeleteResponse
         message:etcdserverpb.ResponseHeader 1 header
        message etcdserverpb.AuthRoleGrantPermissionRequest
         string 1 name
         message:authpb.Permission 2 perm
        message etcdserverpb.AuthRoleGrantPermissionResponse
         message:etcdserverpb.ResponseHeader 1 header
        message etcdserverpb.AuthRoleRevokePermissionRequest
         string 1 role
         bytes 2 key
         bytes 3 range_end
        message etcdserverpb.AuthRoleRevokePermissionResponse
         message:etcdserverpb.ResponseHeader 1 header
        message v3electionpb.CampaignRequest
         bytes 1 name
         int64 2 lease
         bytes 3 value
        message v3electionpb.CampaignResponse
         message:etcdserverpb.ResponseHeader 1 header
         message:v3electionpb.LeaderKey 2 leader
        message v3electionpb.ProclaimRequest
         message:v3electionpb.LeaderKey 1 leader
         bytes 2 value
        message v3electionpb.ProclaimResponse
         message:etcdserverpb.ResponseHeader 1 header
        message v3electionpb.LeaderRequest
         bytes 1 name
        message v3electionpb.LeaderResponse
         message:etcdserverpb.ResponseHeader 1 header
         message:mvccpb.KeyValue 2 kv
        message v3electionpb.ResignRequest
         message:v3electionpb.LeaderKey 1 leader
        message v3electionpb.ResignResponse
         message:etcdserverpb.ResponseHeader 1 header
        message v3lockpb.LockRequest
         bytes 1 name
         int64 2 lease
        message v3lockpb.LockResponse
         message:etcdserverpb.ResponseHeader 1 header
         bytes 2 key
        message v3lockpb.UnlockRequest
         bytes 1 key
        message v3lockpb.UnlockResponse
         message:etcdserverpb.ResponseHeader 1 header
        enum etcdserverpb.RangeRequest.SortOrder
         0 NONE
         1 ASCEND
         2 DESCEND
        enum etcdserverpb.RangeRequest.SortTarget
         0 KEY
         1 VERSION
         2 CREATE
         3 MOD
         4 VALUE
        message etcdserverpb.ResponseHeader
         uint64 1 cluster_id
         uint64 2 member_id
         int64 3 revision
         uint64 4 raft_term
        message mvccpb.KeyValue
         bytes 1 key
         int64 2 create_revision
         int64 3 mod_revision
         int64 4 version
         bytes 5 value
         int64 6 lease
        message etcdserverpb.Compare
         enum:etcdserverpb.Compare.CompareResult 1 result
         enum:etcdserverpb.Compare.CompareTarget 2 target
         bytes 3 key
         int64 4 version target_union
         int64 5 create_revision target_union
         int64 6 mod_revision target_union
         bytes 7 value target_union
         int64 8 lease target_union
         bytes 64 range_end
        message etcdserverpb.RequestOp
         message:etcdserverpb.RangeRequest 1 request_range request
         message:etcdserverpb.PutRequest 2 request_put request
         message:etcdserverpb.DeleteRangeRequest 3 request_delete_range request
         message:etcdserverpb.TxnRequest 4 request_txn request
        message etcdserverpb.ResponseOp
         message:etcdserverpb.RangeResponse 1 response_range response
         message:etcdserverpb.PutResponse 2 response_put response
         message:etcdserverpb.DeleteRangeResponse 3 response_delete_range response
         message:etcdserverpb.TxnResponse 4 response_txn response
        message etcdserverpb.WatchCreateRequest
         bytes 1 key
         bytes 2 range_end
         int64 3 start_revision
         bool 4 progress_notify
         enum:etcdserverpb.WatchCreateRequest.FilterType* 5 filters
         bool 6 prev_kv
         int64 7 watch_id
         bool 8 fragment
        message etcdserverpb.WatchCancelRequest
         int64 1 watch_id
        message etcdserverpb.WatchProgressRequest
        message mvccpb.Event
         enum:mvccpb.Event.EventType 1 type
         message:mvccpb.KeyValue 2 kv
         message:mvccpb.KeyValue 3 prev_kv
        message etcdserverpb.LeaseStatus
         int64 1 ID
        message etcdserverpb.Member
         uint64 1 ID
         string 2 name
         string* 3 peerURLs
         string* 4 clientURLs
         bool 5 isLearner
        enum etcdserverpb.AlarmRequest.AlarmAction
         0 GET
         1 ACTIVATE
         2 DEACTIVATE
        enum etcdserverpb.AlarmType
         0 NONE
         1 NOSPACE
         2 CORRUPT
        message etcdserverpb.AlarmMember
         uint64 1 memberID
         enum:etcdserverpb.AlarmType 2 alarm
        message etcdserverpb.DowngradeInfo
         bool 1 enabled
         string 2 targetVersion
        enum etcdserverpb.DowngradeRequest.DowngradeAction
         0 VALIDATE
         1 ENABLE
         2 CANCEL
        message authpb.UserAddOptions
         bool 1 no_password
        message authpb.Permission
         enum:authpb.Permission.Type 1 permType
         bytes 2 key
         bytes 3 range_end
        message v3electionpb.LeaderKey
         bytes 1 name
         bytes 2 key
         int64 3 rev
         int64 4 lease
        enum etcdserverpb.Compare.CompareResult
         0 EQUAL
         1 GREATER
         2 LESS
         3 NOT_EQUAL
        enum etcdserverpb.Compare.CompareTarget
         0 VERSION
         1 CREATE
         2 MOD
         3 VALUE
         4 LEASE
        enum etcdserverpb.WatchCreateRequest.FilterType
         0 NOPUT
         1 NODELETE
        enum mvccpb.Event.EventType
         0 PUT
         1 DELETE
        enum authpb.Permission.Type
         0 READ
         1 WRITE
         2 READWRITE
        rpc /etcdserverpb.KV/Range
         etcdserverpb.RangeRequest
         etcdserverpb.RangeResponse
        rpc /etcdserverpb.KV/RangeStream
         etcdserverpb.RangeRequest
         etcdserverpb.RangeStreamResponse
        rpc /etcdserverpb.KV/Put
         etcdserverpb.PutRequest
         etcdserverpb.PutResponse
        rpc /etcdserverpb.KV/DeleteRange
         etcdserverpb.DeleteRangeRequest
         etcdserverpb.DeleteRangeResponse
        rpc /etcdserverpb.KV/Txn
         etcdserverpb.TxnRequest
         etcdserverpb.TxnResponse
        rpc /etcdserverpb.KV/Compact
         etcdserverpb.CompactionRequest
         etcdserverpb.CompactionResponse
        rpc /etcdserverpb.Watch/Watch
         etcdserverpb.WatchRequest
         etcdserverpb.WatchResponse
        rpc /etcdserverpb.Lease/LeaseGrant
         etcdserverpb.LeaseGrantRequest
         etcdserverpb.LeaseGrantResponse
        rpc /etcdserverpb.Lease/LeaseRevoke
         etcdserverpb.LeaseRevokeRequest
         etcdserverpb.LeaseRevokeResponse
        rpc /etcdserverpb.Lease/LeaseKeepAlive
         etcdserverpb.LeaseKeepAliveRequest
         etcdserverpb.LeaseKeepAliveResponse
        rpc /etcdserverpb.Lease/LeaseTimeToLive
         etcdserverpb.LeaseTimeToLiveRequest
         etcdserverpb.LeaseTimeToLiveResponse
        rpc /etcdserverpb.Lease/LeaseLeases
         etcdserverpb.LeaseLeasesRequest
         etcdserverpb.LeaseLeasesResponse
        rpc /etcdserverpb.Cluster/MemberAdd
         etcdserverpb.MemberAddRequest
         etcdserverpb.MemberAddResponse
        rpc /etcdserverpb.Cluster/MemberRemove
         etcdserverpb.MemberRemoveRequest
         etcdserverpb.MemberRemoveResponse
        rpc /etcdserverpb.Cluster/MemberUpdate
         etcdserverpb.MemberUpdateRequest
         etcdserverpb.MemberUpdateResponse
        rpc /etcdserverpb.Cluster/MemberList
         etcdserverpb.MemberListRequest
         etcdserverpb.MemberListResponse
        rpc /etcdserverpb.Cluster/MemberPromote
         etcdserverpb.MemberPromoteRequest
         etcdserverpb.MemberPromoteResponse
        rpc /etcdserverpb.Maintenance/Alarm
         etcdserverpb.AlarmRequest
         etcdserverpb.AlarmResponse
        rpc /etcdserverpb.Maintenance/Status
         etcdserverpb.StatusRequest
         etcdserverpb.StatusResponse
        rpc /etcdserverpb.Maintenance/Defragment
         etcdserverpb.DefragmentRequest
         etcdserverpb.DefragmentResponse
        rpc /etcdserverpb.Maintenance/Hash
         etcdserverpb.HashRequest
         etcdserverpb.HashResponse
        rpc /etcdserverpb.Maintenance/HashKV
         etcdserverpb.HashKVRequest
         etcdserverpb.HashKVResponse
        rpc /etcdserverpb.Maintenance/Snapshot
         etcdserverpb.SnapshotRequest
         etcdserverpb.SnapshotResponse
        rpc /etcdserverpb.Maintenance/MoveLeader
         etcdserverpb.MoveLeaderRequest
         etcdserverpb.MoveLeaderResponse
        rpc /etcdserverpb.Maintenance/Downgrade
         etcdserverpb.DowngradeRequest
         etcdserverpb.DowngradeResponse
        rpc /etcdserverpb.Auth/AuthEnable
         etcdserverpb.AuthEnableRequest
         etcdserverpb.AuthEnableResponse
        rpc /etcdserverpb.Auth/AuthDisable
         etcdserverpb.AuthDisableRequest
         etcdserverpb.AuthDisableResponse
        rpc /etcdserverpb.Auth/AuthStatus
         etcdserverpb.AuthStatusRequest
         etcdserverpb.AuthStatusResponse
        rpc /etcdserverpb.Auth/Authenticate
         etcdserverpb.AuthenticateRequest
         etcdserverpb.AuthenticateResponse
        rpc /etcdserverpb.Auth/UserAdd
         etcdserverpb.AuthUserAddRequest
         etcdserverpb.AuthUserAddResponse
        rpc /etcdserverpb.Auth/UserGet
         etcdserverpb.AuthUserGetRequest
         etcdserverpb.AuthUserGetResponse
        rpc /etcdserverpb.Auth/UserList
         etcdserverpb.AuthUserListRequest
         etcdserverpb.AuthUserListResponse
        rpc /etcdserverpb.Auth/UserDelete
         etcdserverpb.AuthUserDeleteRequest
         etcdserverpb.AuthUserDeleteResponse
        rpc /etcdserverpb.Auth/UserChangePassword
         etcdserverpb.AuthUserChangePasswordRequest
         etcdserverpb.AuthUserChangePasswordResponse
        rpc /etcdserverpb.Auth/UserGrantRole
         etcdserverpb.AuthUserGrantRoleRequest
         etcdserverpb.AuthUserGrantRoleResponse
        rpc /etcdserverpb.Auth/UserRevokeRole
         etcdserverpb.AuthUserRevokeRoleRequest
         etcdserverpb.AuthUserRevokeRoleResponse
        rpc /etcdserverpb.Auth/RoleAdd
         etcdserverpb.AuthRoleAddRequest
         etcdserverpb.AuthRoleAddResponse
        rpc /etcdserverpb.Auth/RoleGet
         etcdserverpb.AuthRoleGetRequest
         etcdserverpb.AuthRoleGetResponse
        rpc /etcdserverpb.Auth/RoleList
         etcdserverpb.AuthRoleListRequest
         etcdserverpb.AuthRoleListResponse
        rpc /etcdserverpb.Auth/RoleDelete
         etcdserverpb.AuthRoleDeleteRequest
         etcdserverpb.AuthRoleDeleteResponse
        rpc /etcdserverpb.Auth/RoleGrantPermission
         etcdserverpb.AuthRoleGrantPermissionRequest
         etcdserverpb.AuthRoleGrantPermissionResponse
        rpc /etcdserverpb.Auth/RoleRevokePermission
         etcdserverpb.AuthRoleRevokePermissionRequest
         etcdserverpb.AuthRoleRevokePermissionResponse
        rpc /v3electionpb.Election/Campaign
         v3electionpb.CampaignRequest
         v3electionpb.CampaignResponse
        rpc /v3electionpb.Election/Proclaim
         v3electionpb.ProclaimRequest
         v3electionpb.ProclaimResponse
        rpc /v3electionpb.Election/Leader
         v3electionpb.LeaderRequest
         v3electionpb.LeaderResponse
        rpc /v3electionpb.Election/Observe
         v3electionpb.LeaderRequest
         v3electionpb.LeaderResponse
        rpc /v3electionpb.Election/Resign
         v3electionpb.ResignRequest
         v3electionpb.ResignResponse
        rpc /v3lockpb.Lock/Lock
         v3lockpb.LockRequest
         v3lockpb.LockResponse
        rpc /v3lockpb.Lock/Unlock
         v3lockpb.UnlockRequest
         v3lockpb.UnlockResponse
        """
}
