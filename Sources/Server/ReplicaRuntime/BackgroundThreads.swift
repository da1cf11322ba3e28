import MVCC
import Stages
import WriteAheadLog

/// Reads history for watchers that are behind, with etcd's pause when none gets on.
struct WatchCatchUp {
    let member: MemberParts
    let watchers: WatchHub

    /// The thread's body.
    func run() {
        var wakeUps: [Void] = []
        repeat {
            do throws(StoreError) {
                while !member.status.hasStopped, try watchers.catchUpStep() {}
            } catch {
                member.fail("the database cannot be read: \(error)")
            }
        } while member.queues.catchUp.take(into: &wakeUps, until: monotonicMilliseconds() + 100)
    }
}

/// Makes the log's next segment ready before it is needed.
struct SegmentWriter {
    let member: MemberParts
    let preparation: SegmentPreparation

    /// The thread's body. It takes a fifth of the disk's time at most: the log and the members
    /// beside need it more.
    func run() {
        var wakeUps: [Void] = []
        while member.queues.segments.take(into: &wakeUps) {
            var isLeft = true
            while isLeft, !member.status.hasStopped {
                let began = monotonicMilliseconds()
                // After an error the log makes its own file, and stops the member if that fails too.
                isLeft = (try? preparation.prepare(sliceBytes: 256 << 10)) ?? false
                let took = Int(monotonicMilliseconds() - began)
                pauseMilliseconds(isLeft ? max(5, 4 * took) : 0)
            }
        }
    }
}
