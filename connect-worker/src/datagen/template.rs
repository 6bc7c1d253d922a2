//! The templates there are, by name.

use std::sync::Arc;

use super::{orders::Orders, rides::Rides, rides_location::RidesLocation};
use crate::plugin::Source;

/// A data set that `quickstart` names; letter case is free there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// Orders of items, keyed by order id.
    Orders,
    /// Taxi rides, keyed by the zone of the dropoff.
    Rides,
    /// People who wait for a taxi, keyed by their zone.
    RidesLocation,
}

/// The reference's templates that are not built yet, so that a refusal can say so.
#[rustfmt::skip]
const NOT_BUILT: [&str; 37] = [
    "campaign_finance", "clickstream", "clickstream_codes", "clickstream_users", "credit_cards",
    "device_information", "fleet_mgmt_description", "fleet_mgmt_location", "fleet_mgmt_sensors",
    "gaming_games", "gaming_player_activity", "gaming_players", "insurance_customer_activity",
    "insurance_customers", "insurance_offers", "inventory", "pageviews", "payroll_bonus",
    "payroll_employee", "payroll_employee_location", "pizza_orders", "pizza_orders_cancelled",
    "pizza_orders_completed", "product", "purchases", "ratings", "shoe_clickstream",
    "shoe_customers", "shoe_orders", "shoes", "siem_logs", "stock_trades", "stores", "syslog_logs",
    "transactions", "users", "users_",
];

impl Template {
    /// All templates.
    pub const ALL: [Self; 3] = [Self::Orders, Self::Rides, Self::RidesLocation];

    /// Their names, as [`Template::name`] gives them.
    pub const NAMES: [&'static str; 3] = ["orders", "rides", "rides_location"];

    /// Its name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Rides => "rides",
            Self::RidesLocation => "rides_location",
        }
    }

    /// One sentence for lists.
    pub fn description(self) -> &'static str {
        match self {
            Self::Orders => "orders of items with an address; key orderid",
            Self::Rides => "yellow taxi rides of New York that end now; key DOLocationID",
            Self::RidesLocation => {
                "people waiting for a taxi where rides ended lately; key PULocationID"
            }
        }
    }

    /// The template called `name`, in any letter case.
    ///
    /// # Errors
    /// What to write instead.
    pub fn named(name: &str) -> Result<Self, String> {
        let wanted = name.trim().to_lowercase();
        if let Some(template) = Self::ALL
            .into_iter()
            .find(|template| template.name() == wanted)
        {
            return Ok(template);
        }
        let there_are = format!("there are {}", Self::NAMES.join(", "));
        if NOT_BUILT.contains(&wanted.as_str()) {
            return Err(format!(
                "is {name:?}, a template that is not built yet; {there_are}"
            ));
        }
        let hint = crate::plugin::nearest(&wanted, Self::NAMES);
        let hint = hint
            .map(|name| format!("; did you mean {name}?"))
            .unwrap_or_default();
        Err(format!(
            "is {name:?}, which is no template{hint}; {there_are}"
        ))
    }

    /// The template's sequence under `seed`.
    pub fn open(self, seed: u64) -> Arc<dyn Source> {
        match self {
            Self::Orders => Arc::new(Orders::new(seed)),
            Self::Rides => Arc::new(Rides::new(seed)),
            Self::RidesLocation => Arc::new(RidesLocation::new(seed)),
        }
    }
}
