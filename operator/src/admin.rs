//! The port [`BrokerAdmin`] over the Kafka protocol: one connection, made when it is needed and made
//! anew after it is lost.
//!
//! Knows requests and answers; what they are for is the caller's. Nothing is tried twice here: a
//! caller that looks again and plans again is safer than a call that repeats itself.

mod amounts;
mod answers;
mod requests;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use wire::client::{Call, Connection, Reply};

use crate::ports::{
    BrokerAdmin,
    broker_admin::{AdminError, Alteration, Amount, Answers, Growth, NewTopic, Snapshot},
};

/// A Kafka cluster, reached by its bootstrap servers.
#[derive(Debug)]
pub struct KafkaAdmin {
    bootstrap: Vec<String>,
    client_id: String,
    timeout: Duration,
    /// Held to take or put a clone, never across an await; so two calls may connect at once, which
    /// costs a connection for a moment and no answer.
    connection: Mutex<Option<Connection>>,
}

impl KafkaAdmin {
    /// A cluster at `bootstrap` (`host:port`, several separated by commas). Connects with the first
    /// call. `timeout` bounds connecting to one server and each call.
    pub fn new(bootstrap: &str, client_id: &str, timeout: Duration) -> Self {
        let servers = bootstrap
            .split(',')
            .map(str::trim)
            .filter(|server| !server.is_empty());
        Self {
            bootstrap: servers.map(str::to_owned).collect(),
            client_id: client_id.to_owned(),
            timeout,
            connection: Mutex::new(None),
        }
    }

    /// Waits for an answer. Requests are encoded when the call is made, so that none of them is held
    /// across an await.
    async fn answer<R>(
        &self,
        operation: &'static str,
        call: Call<'_, R>,
    ) -> Result<Reply<R>, AdminError> {
        call.await.map_err(|error| self.error(operation, &error))
    }

    /// The connection that is there, or a new one to the first server that answers.
    async fn connected(&self, operation: &'static str) -> Result<Connection, AdminError> {
        let known = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(connection) = known.filter(|connection| !connection.is_lost()) {
            return Ok(connection);
        }
        let mut last = self.error(operation, &"no bootstrap server is given");
        for server in &self.bootstrap {
            match Connection::connect(server, &self.client_id, self.timeout).await {
                Ok(connection) => {
                    let mut place = self
                        .connection
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner);
                    *place = Some(connection.clone());
                    return Ok(connection);
                }
                Err(error) => last = self.error(operation, &error),
            }
        }
        Err(last)
    }

    fn error(&self, operation: &'static str, reason: &dyn std::fmt::Display) -> AdminError {
        let bootstrap = self.bootstrap.join(",");
        AdminError {
            bootstrap,
            operation,
            reason: reason.to_string(),
        }
    }

    fn timeout_ms(&self) -> i32 {
        i32::try_from(self.timeout.as_millis()).unwrap_or(i32::MAX)
    }
}

impl BrokerAdmin for KafkaAdmin {
    async fn snapshot(&self) -> Result<Snapshot, AdminError> {
        let operation = "its topics";
        let connection = self.connected(operation).await?;
        let call = connection.call(&requests::all_topics());
        let reply = self.answer(operation, call).await?;
        let mut snapshot = {
            let metadata = reply
                .decode()
                .map_err(|error| self.error(operation, &error))?;
            answers::topics(&metadata).map_err(|reason| self.error(operation, &reason))?
        };
        if snapshot.topics.is_empty() {
            return Ok(snapshot);
        }

        let operation = "the settings of its topics";
        let call = connection.call(&requests::settings(snapshot.topics.keys()));
        let reply = self.answer(operation, call).await?;
        let settings = reply
            .decode()
            .map_err(|error| self.error(operation, &error))?;
        answers::settings(&settings, &mut snapshot)
            .map_err(|reason| self.error(operation, &reason))?;
        Ok(snapshot)
    }

    async fn create_topics(&self, topics: &[NewTopic]) -> Result<Answers, AdminError> {
        let operation = "new topics";
        let connection = self.connected(operation).await?;
        let call = requests::creation(topics, self.timeout_ms())
            .map(|request| connection.call(&request))
            .map_err(|reason| self.error(operation, &reason))?;
        let reply = self.answer(operation, call).await?;
        let answer = reply
            .decode()
            .map_err(|error| self.error(operation, &error))?;
        Ok(answers::created(&answer))
    }

    async fn grow_partitions(&self, growths: &[Growth]) -> Result<Answers, AdminError> {
        let operation = "more partitions";
        let connection = self.connected(operation).await?;
        let call = connection.call(&requests::growth(growths, self.timeout_ms()));
        let reply = self.answer(operation, call).await?;
        let answer = reply
            .decode()
            .map_err(|error| self.error(operation, &error))?;
        Ok(answers::grown(&answer))
    }

    async fn alter_settings(&self, alterations: &[Alteration]) -> Result<Answers, AdminError> {
        let operation = "other settings";
        let connection = self.connected(operation).await?;
        let call = connection.call(&requests::alteration(alterations));
        let reply = self.answer(operation, call).await?;
        let answer = reply
            .decode()
            .map_err(|error| self.error(operation, &error))?;
        Ok(answers::altered(&answer))
    }

    async fn delete_topics(&self, names: &[String]) -> Result<Answers, AdminError> {
        let operation = "the deletion of topics";
        let connection = self.connected(operation).await?;
        let request = requests::deletion(names, self.timeout_ms());
        let call = connection.call_up_to(requests::DELETION_BY_NAME, &request);
        let reply = self.answer(operation, call).await?;
        let answer = reply
            .decode()
            .map_err(|error| self.error(operation, &error))?;
        Ok(answers::deleted(&answer))
    }

    async fn amounts(
        &self,
        topics: &[(String, i32)],
    ) -> Result<BTreeMap<String, Amount>, AdminError> {
        let operation = "the size of topics";
        let connection = self.connected(operation).await?;
        // Three questions at once: they do not depend on each other.
        let first = connection.call(&amounts::offsets(topics, amounts::FIRST));
        let end = connection.call(&amounts::offsets(topics, amounts::END));
        let sizes = connection.call(&amounts::sizes(topics));
        let (first, end, sizes) = futures::try_join!(
            self.answer(operation, first),
            self.answer(operation, end),
            self.answer(operation, sizes)
        )?;
        let undecoded = |error| self.error(operation, &error);
        let first = amounts::found_offsets(&first.decode().map_err(undecoded)?);
        let end = amounts::found_offsets(&end.decode().map_err(undecoded)?);
        let sizes = amounts::found_sizes(&sizes.decode().map_err(undecoded)?);
        Ok(amounts::amounts(topics, (&first, &end), &sizes))
    }
}
