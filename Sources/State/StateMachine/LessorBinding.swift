package import Lease
package import MVCC

/// Connects the lessor to the store, which reports the attached and detached keys.
///
/// Owned by the apply thread. A class because the store and the state machine share it.
package final class LessorBinding: LeaseBinding {
    package var lessor: Lessor

    package init(_ lessor: Lessor) { self.lessor = lessor }

    package func lease(of key: UnsafeRawBufferPointer) -> Int64 {
        guard lessor.hasAttachments else { return 0 }
        return lessor.lease(ofKey: Array(key)).rawValue
    }

    package func attach(_ key: UnsafeRawBufferPointer, to lease: Int64) {
        lessor.attach(Array(key), to: LeaseID(rawValue: lease))
    }

    package func detach(_ key: UnsafeRawBufferPointer, from lease: Int64) {
        lessor.detach(Array(key))
    }
}
