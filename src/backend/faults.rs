//! Which device is shared by new models, and what went wrong on it and on those before it.

use std::sync::{Arc, OnceLock, Weak};

use crate::error::LukeError;

/// What a device has reported. At its first fault it is destroyed: nothing on it can be trusted, and its memory is needed.
pub struct Faults {
    first: OnceLock<LukeError>,
    destroy: Box<dyn Fn() + Send + Sync>,
}

impl Faults {
    /// Faults of a device that has reported none yet. `destroy` must end the device and give its memory back. It is called when
    /// [`report`](Self::report) takes the first fault, or by [`destroy`](Self::destroy), on the thread of that call.
    pub fn new(destroy: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { first: OnceLock::new(), destroy: Box::new(destroy) })
    }

    /// The first fault; `None` where there was none.
    pub fn first(&self) -> Option<&LukeError> {
        self.first.get()
    }

    /// Takes a fault, and returns the first one. Destroys the device where this is the first.
    pub fn report(&self, error: LukeError) -> &LukeError {
        if self.first.set(error.clone()).is_ok() {
            (self.destroy)();
        }
        self.first.get_or_init(|| error)
    }

    /// Destroys a device that has no fault, and that nobody uses any more.
    pub fn destroy(&self) {
        if self.first().is_none() {
            (self.destroy)();
        }
    }
}

/// The devices whose faults somebody may still ask for.
pub struct Devices<D> {
    /// The one that was opened last.
    current: Option<(D, Arc<Faults>)>,
    /// Those before it, which have failed. Whoever uses such a device holds its [`Faults`].
    failed: Vec<(D, Weak<Faults>)>,
}

impl<D: Clone + PartialEq> Devices<D> {
    /// No device yet.
    pub const fn new() -> Self {
        Self { current: None, failed: Vec::new() }
    }

    /// The device that was opened last, unless it has failed.
    pub fn usable(&self) -> Option<(D, Arc<Faults>)> {
        self.current.clone().filter(|(_, faults)| faults.first().is_none())
    }

    /// The faults of a device; `None` where it is not one of these or nobody uses it any more.
    pub fn faults(&self, device: &D) -> Option<Arc<Faults>> {
        let current = self.current.iter().find(|(one, _)| one == device).map(|(_, faults)| faults.clone());
        current.or_else(|| self.failed.iter().find(|(one, _)| one == device).and_then(|(_, faults)| faults.upgrade()))
    }

    /// The fault of the device that was opened last.
    pub fn last_fault(&self) -> Option<LukeError> {
        self.current.as_ref().and_then(|(_, faults)| faults.first().cloned())
    }

    /// Says that the holder of `faults` is about to drop it. Forgets the device that was opened last where these are its faults
    /// and nobody else holds them. Returns whether it did; the device must then be destroyed.
    pub fn release(&mut self, faults: &Arc<Faults>) -> bool {
        let is_last =
            |(_, current): &mut (D, Arc<Faults>)| Arc::ptr_eq(current, faults) && Arc::strong_count(faults) == 2;
        self.current.take_if(is_last).is_some()
    }

    /// Takes a device that was just opened in place of the last one, and forgets the failed ones that nobody uses.
    pub fn replace(&mut self, device: D, faults: Arc<Faults>) {
        if let Some((device, faults)) = self.current.replace((device, faults)) {
            self.failed.push((device, Arc::downgrade(&faults)));
        }
        self.failed.retain(|(_, faults)| faults.strong_count() > 0);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn lost(reason: &str) -> LukeError {
        LukeError::DeviceLost(reason.into())
    }

    #[test]
    fn the_first_fault_counts_and_destroys_the_device_once() {
        let destroyed = Arc::new(AtomicUsize::new(0));
        let counted = destroyed.clone();
        let faults = Faults::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!((faults.first(), destroyed.load(Ordering::Relaxed)), (None, 0));
        assert_eq!(faults.report(lost("first")), &lost("first"));
        assert_eq!(faults.report(lost("second")), &lost("first"));
        assert_eq!((faults.first(), destroyed.load(Ordering::Relaxed)), (Some(&lost("first")), 1));
    }

    #[test]
    fn a_device_goes_with_the_last_model_on_it() {
        let mut devices = Devices::new();
        let faults = Faults::new(|| {});
        devices.replace(1, faults.clone());
        let (_, second) = devices.usable().unwrap();
        assert!(!devices.release(&second));
        drop(second);
        assert!(!devices.release(&Faults::new(|| {})));
        assert!(devices.usable().is_some() && devices.release(&faults));
        assert!(devices.usable().is_none() && devices.faults(&1).is_none());

        // A device that failed before is not the one that new models use.
        let failed = Faults::new(|| {});
        devices.replace(2, failed.clone());
        failed.report(lost("gone"));
        assert_eq!(devices.last_fault(), Some(lost("gone")));
        devices.replace(3, Faults::new(|| {}));
        assert!(!devices.release(&failed) && devices.usable().is_some());
    }

    #[test]
    fn a_failed_device_is_kept_as_long_as_somebody_uses_it() {
        let mut devices = Devices::new();
        assert!(devices.usable().is_none());
        let model = Faults::new(|| {});
        devices.replace(1, model.clone());
        assert_eq!(devices.usable().map(|(device, _)| device), Some(1));

        model.report(lost("gone"));
        assert!(devices.usable().is_none());
        devices.replace(2, Faults::new(|| {}));
        assert_eq!(devices.usable().map(|(device, _)| device), Some(2));
        let fault = |devices: &Devices<u8>, device| devices.faults(&device).and_then(|faults| faults.first().cloned());
        assert_eq!((fault(&devices, 1), fault(&devices, 2)), (Some(lost("gone")), None));

        // The model is freed; nobody ever used the second device.
        drop(model);
        devices.faults(&2).unwrap().report(lost("gone too"));
        devices.replace(3, Faults::new(|| {}));
        assert!(devices.failed.is_empty() && devices.faults(&1).is_none() && devices.faults(&2).is_none());
        assert!(devices.faults(&3).is_some());
    }
}
