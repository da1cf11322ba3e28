#if ServiceLifecycle
    public import ServiceLifecycle

    /// A client can be listed in a `ServiceGroup`.
    extension EtcdClient: Service {}
#endif

extension EtcdClient {
    /// Runs `body`, which ends by cancellation, until the task is cancelled or its `ServiceGroup`
    /// shuts down.
    func untilStopped(_ body: @escaping @Sendable () async -> Void) async {
        #if ServiceLifecycle
            await cancelWhenGracefulShutdown(body)
        #else
            await body()
        #endif
    }
}
