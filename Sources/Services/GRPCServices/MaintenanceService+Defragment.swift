internal import EtcdAPI
internal import GRPC
internal import MonotonicClock
internal import NIOCore
internal import MemberRuntime

/// Defragmentation: the file is copied without its free pages while reads and writes continue.
extension MaintenanceService {
    func defragment(_ call: GRPCServerCall) {
        let context = self.context
        let loop = call.loop
        let box = NIOLoopBound(call, eventLoop: call.eventLoop)
        context.observe(.defragmentationRequested)
        pauseServing()
        context.metrics.defragmentations.increment()
        let began = MonotonicTime.now()
        let before = context.databaseSizes
        let path = context.runtime.bolt.path
        context.observe(.defragmentationBegins(path: path, sizes: before))
        context.runtime.defragment { failure in
            let time = MonotonicTime.now() - began
            context.metrics.defragmentations.decrement()
            if let failure {
                context.observe(.defragmentationFailed(failure))
            } else {
                context.metrics.defragmentation.record(time)
                context.observe(
                    .defragmentationEnds(
                        path: path, before: before, after: context.databaseSizes,
                        time: time))
            }
            resumeServing()
            loop.eventLoop.execute {
                loop.performBatch {
                    if let failure { return box.value.finish(GRPCStatus(.unknown, failure)) }
                    box.value.respond(Etcdserverpb_DefragmentResponse())
                }
            }
        }
    }

    private func pauseServing() {
        guard context.configuration.pausesOnDefragmentation, context.serving.pause()
        else { return }
        context.observe(.servingChanged(isServing: false, reason: "defrag is active"))
    }

    private func resumeServing() {
        guard context.configuration.pausesOnDefragmentation, context.serving.resume()
        else { return }
        context.observe(.servingChanged(isServing: true, reason: ""))
    }
}

extension ServiceContext {
    fileprivate var databaseSizes: DatabaseSizes {
        DatabaseSizes(
            fileBytes: runtime.bolt.sizeBytes, usedBytes: runtime.bolt.sizeInUseBytes)
    }
}
