internal import GRPC

/// etcdserverpb.Watch: many watchers on one stream.
struct WatchService {
    let context: ServiceContext

    var methods: [GRPCMethod] {
        [
            context.stream("/etcdserverpb.Watch/Watch", .bidirectional) { call, rule in
                WatchHandler(context: context, call: call, rule: rule)
            }
        ]
    }
}
