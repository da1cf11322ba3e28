internal import EtcdAPI

extension EtcdClient {
    static func revocation(_ id: LeaseID) -> [UInt8] {
        LeaseRevokeRequest(id: id.rawValue).encoded()
    }
}
