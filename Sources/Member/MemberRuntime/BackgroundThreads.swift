import MVCC
import MonotonicClock
import Stages
import WriteAheadLog

/// Reads history for unsynced watchers, with etcd's pause when none makes progress.
struct WatchCatchUp {
    let member: MemberContext
    let watchers: WatchDispatcher

    /// The body of the thread.
    func run() {
        var wakeUps: [Void] = []
        repeat {
            do throws(StoreError) {
                while !member.status.hasStopped, try watchers.syncWatchers() {}
            } catch {
                member.fail("the database cannot be read: \(error)")
            }
        } while member.queues.catchUp.take(into: &wakeUps, until: .now() + .milliseconds(100))
    }
}

/// Prepares the next segment of the log before it is needed.
struct SegmentWriter {
    let member: MemberContext
    let preparation: SegmentPreparation

    /// The body of the thread. It uses at most a fifth of the disk's time: the log and other
    /// members on the same disk need it more.
    func run() {
        var wakeUps: [Void] = []
        while member.queues.segments.take(into: &wakeUps) {
            var isLeft = true
            while isLeft, !member.status.hasStopped {
                let began = MonotonicTime.now()
                // After an error the log creates the file itself, and stops the member if that
                // fails too.
                isLeft = (try? preparation.prepare(sliceBytes: 256 << 10)) ?? false
                let took = MonotonicTime.now() - began
                pause(isLeft ? max(.milliseconds(5), took * 4) : .zero)
            }
        }
    }
}
