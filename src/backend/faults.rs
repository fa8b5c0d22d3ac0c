//! Which device is shared by new models, and what went wrong on it and on those before it.

use std::sync::{Arc, OnceLock, Weak};

use crate::error::LukeError;

/// The first fault that a device has reported.
pub type Faults = Arc<OnceLock<LukeError>>;

/// The devices whose faults somebody may still ask for.
pub struct Devices<D> {
    /// The one that was opened last; kept also while no model uses it, for the next one.
    current: Option<(D, Faults)>,
    /// Those before it, which have failed. Whoever uses such a device holds its [`Faults`].
    failed: Vec<(D, Weak<OnceLock<LukeError>>)>,
}

impl<D: Clone + PartialEq> Devices<D> {
    /// No device yet.
    pub const fn new() -> Self {
        Self { current: None, failed: Vec::new() }
    }

    /// The device that was opened last, unless it has failed.
    pub fn usable(&self) -> Option<(D, Faults)> {
        self.current.clone().filter(|(_, faults)| faults.get().is_none())
    }

    /// The faults of a device; `None` where it is not one of these or nobody uses it any more.
    pub fn faults(&self, device: &D) -> Option<Faults> {
        let current = self.current.iter().find(|(one, _)| one == device).map(|(_, faults)| faults.clone());
        current.or_else(|| self.failed.iter().find(|(one, _)| one == device).and_then(|(_, faults)| faults.upgrade()))
    }

    /// Takes a device that was just opened in place of the last one, and forgets the failed ones that nobody uses.
    pub fn replace(&mut self, device: D, faults: Faults) {
        if let Some((device, faults)) = self.current.replace((device, faults)) {
            self.failed.push((device, Arc::downgrade(&faults)));
        }
        self.failed.retain(|(_, faults)| faults.strong_count() > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_device_is_kept_as_long_as_somebody_uses_it() {
        let mut devices = Devices::new();
        assert!(devices.usable().is_none());
        let model = Faults::default();
        devices.replace(1, model.clone());
        assert_eq!(devices.usable().map(|(device, _)| device), Some(1));

        let lost = LukeError::DeviceLost("gone".into());
        model.set(lost.clone()).unwrap();
        assert!(devices.usable().is_none());
        devices.replace(2, Faults::default());
        assert_eq!(devices.usable().map(|(device, _)| device), Some(2));
        let fault = |devices: &Devices<u8>, device| devices.faults(&device).and_then(|faults| faults.get().cloned());
        assert_eq!((fault(&devices, 1), fault(&devices, 2)), (Some(lost), None));

        // The model is freed; nobody ever used the second device.
        drop(model);
        devices.faults(&2).unwrap().set(LukeError::DeviceLost("gone too".into())).unwrap();
        devices.replace(3, Faults::default());
        assert!(devices.failed.is_empty() && devices.faults(&1).is_none() && devices.faults(&2).is_none());
        assert!(devices.faults(&3).is_some());
    }
}
