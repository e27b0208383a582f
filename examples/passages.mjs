/**
 * Pages from the manual of Tallowdock, a hosted database that does not exist. Everything here is invented for the
 * examples: the product, its limits, prices, commands and error codes.
 *
 * @typedef {{ id: string, title: string, text: string }} Passage
 * @typedef {{ question: string, answerId: string }} Question `answerId` is the `id` of the passage that answers
 */

/** @type {readonly { id: string, title: string, body: string }[]} */
const pages = [
  {
    id: 'billing-invoices',
    title: 'Billing: reading an invoice',
    body: `Invoices are issued on the first day of each month and cover the month before. Each invoice lists one line per project with the plan, the number of rows stored on the last day, the gigabytes transferred and the webhook deliveries. Open Settings, Billing, Invoices to download a PDF or a CSV with one line per day. Invoices go by email to everyone with the Billing role. To add a purchase order number or another postal address, edit the billing profile before the end of the month: an invoice that has been issued cannot be changed, only credited and written again.`,
  },
  {
    id: 'billing-plan-change',
    title: 'Billing: switching between plans',
    body: `You may move up or down at any time. The switch takes effect at once and the fee is prorated by the day. The next invoice therefore carries two lines for the same project: the full fee of the plan you moved to, and, as a negative amount, the unused days of the one you left. If the new line appears before the credit does, wait a day; credits are posted every night at 02:00 UTC. Moving down is refused while the project holds more rows than the smaller plan allows. Annual contracts are not prorated: the difference is settled on the renewal date.`,
  },
  {
    id: 'billing-overage',
    title: 'Billing: going over what the plan includes',
    body: `Each plan includes a number of stored rows and of gigabytes transferred in a month. Beyond that, usage is charged per million rows and per gigabyte at the price shown on the Usage page. Nothing is cut off when the included amount is used up, unless you set a spending cap: with a cap, writes are refused with the error TD-4021 once the cap is reached, and reads go on. The Usage page shows how much of the month has been used, with a forecast. Owners are told by email at 80 and at 100 percent.`,
  },
  {
    id: 'billing-failed-payment',
    title: 'Billing: when a card is declined',
    body: `If a card payment fails, the charge is tried again after one, three and seven days, and each time the people with the Billing role get an email. A payment that was charged twice by mistake is refunded within five working days; write to the billing team with both receipt numbers. After the third failed attempt the organisation becomes read-only. Fourteen days later its projects are paused; data is kept for a further sixty days and then deleted. Paying the open invoice lifts the pause within minutes, and no data has to be restored.`,
  },
  {
    id: 'billing-tax',
    title: 'Billing: VAT, GST and sales tax',
    body: `Prices are shown without tax. Customers inside the EU who enter a valid VAT number are invoiced under the reverse charge; without a number, the VAT of the customer's country is added. Customers in Australia and New Zealand pay GST. In the United States, sales tax depends on the state of the billing address. To have tax left off, upload an exemption certificate under Settings, Billing, Tax before the invoice is issued. We keep tax records, which hold the customer's name and address, for ten years, as the law asks.`,
  },
  {
    id: 'billing-cancel',
    title: 'Billing: closing an organisation',
    body: `Only an owner can close an organisation, under Settings, General, Close organisation. All projects must be deleted first. A closing invoice covers the days used in the current month. Annual contracts run to their end and are not refunded. Deleted projects can be brought back by support for seven days; after that the storage is wiped, backups included. Before you close, download your invoices, since the portal is no longer reachable afterwards, and revoke API keys in systems that still hold them.`,
  },
  {
    id: 'rate-limits-overview',
    title: 'Rate limits: requests per minute',
    body: `The limit of a plan counts requests per minute for a whole project: 600 on Starter, 6,000 on Team, 60,000 on Scale. Reads and writes count the same; a bulk write counts once for each 100 rows. A request over the limit fails with status 429. The headers X-Limit, X-Remaining and X-Reset are sent with each response, so that a client can slow down before it fails. Limits are not shared between projects, and requests from the dashboard do not count. The current rate is shown below the plan on the Usage page, one point a minute.`,
  },
  {
    id: 'rate-limits-burst',
    title: 'Rate limits: token buckets for single keys',
    body: `Besides the per-minute quota of the project, every API key has its own bucket of 50 tokens that refills at 25 tokens a second. A job that sends hundreds of calls within one second empties the bucket and is turned away, even if the project has used a small part of its quota during that minute. The response then says "scope": "key" instead of "scope": "project". Spread the calls evenly, give each worker a key of its own, or use the bulk endpoints, which take one token for each batch.`,
  },
  {
    id: 'rate-limits-increase',
    title: 'Rate limits: asking for a higher limit',
    body: `On the Scale plan the limit can be raised. Open a ticket of the type Limit increase with the project, the rate you need, the hours of the day when you need it and the ratio of reads to writes. We answer within two working days. Raised limits last for ninety days and are then reviewed against what was used. For a planned event, such as a product launch or a load test, ask at least a week ahead. Requests for Starter and Team are declined: move to a larger plan instead.`,
  },
  {
    id: 'webhooks-create',
    title: 'Webhooks: creating a webhook',
    body: `A webhook sends an HTTP POST to your server when rows change. Open the project, choose Webhooks, New webhook, and enter the address of your server, the tables to watch and the events to send: insert, update, delete. The address must use HTTPS and answer within ten seconds. A test event is sent when you save; the webhook stays off until your server has answered it with a 2xx status. What happens to the body is up to you. A project may have up to 20 webhooks, and each may watch any number of tables.`,
  },
  {
    id: 'webhooks-redelivery',
    title: 'Webhooks: redelivery and parked messages',
    body: `A delivery that is not answered with a 2xx status within ten seconds counts as failed. It is attempted again after 10 seconds, 1 minute, 10 minutes, 1 hour and then every 3 hours for three days. After the last attempt the message is parked. Parked messages are kept for 30 days and can be sent again one by one or all together from the Deliveries tab, so an outage on your side of up to a month loses nothing. When an endpoint has failed without a break for 24 hours, owners are told by email.`,
  },
  {
    id: 'webhooks-signature',
    title: 'Webhooks: signatures',
    body: `Each delivery carries the header Tallowdock-Signature with a timestamp and an HMAC-SHA256 of the timestamp, a dot and the raw body, made with the secret shown once when the endpoint was saved. Compute the same value over the bytes as received, before any JSON parsing, and compare in constant time. Reject the message if the two differ or if the timestamp is more than five minutes old, which stops replays of a recorded message. Two secrets may be active during a rotation; accept either of them.`,
  },
  {
    id: 'webhooks-ordering',
    title: 'Webhooks: order of events',
    body: `Webhook events are sent in parallel and may arrive out of order, and in rare cases more than once. Every event has an id, which is the same for each delivery of that event, and a sequence number that grows by one for each change of the same row. Keep the highest sequence number that you have handled for a row and ignore events with a lower or equal one. If you need strict order for a whole table, read the change feed instead, which is pulled by your server and comes from one place.`,
  },
  {
    id: 'webhooks-allowlist',
    title: 'Webhooks: sender addresses',
    body: `If your server is behind a firewall, allow the addresses that webhooks really come from: they are listed, per region, in the file addresses.json on the documentation site. The list changes at most twice a year and a change is announced thirty days before. Do not use the list as your only check, since other customers send from the same addresses. To check that a firewall lets webhooks through, press Send test event. Deliveries over a private link come from the address of the link and are not on the list.`,
  },
  {
    id: 'retries-client',
    title: 'Retries: the client libraries',
    body: `The client libraries try a request again when the connection drops before a response has come, and on the statuses 429, 502, 503 and 504. The wait starts at 200 milliseconds and doubles each time, with a random part, up to five attempts. GET requests are always repeated. Set maxAttempts to change the number of attempts, or to 1 to switch retries off. The option onRetry is called before each attempt. Make sure that the total wait, at most about seven seconds, fits the time limit of your own callers.`,
  },
  {
    id: 'retries-idempotency',
    title: 'Retries: idempotency keys',
    body: `Give a write the header Idempotency-Key with a value of your choice, for instance the number of the order. The first request with that value is carried out and its response stored for 48 hours; any later one with the same value gets the stored response back, and nothing is written a second time. This makes it safe to send the write again after a timeout, when you cannot know whether it arrived. If the body differs from that of the first request, the answer is 409 with the error TD-4093. Keys are separate for each project.`,
  },
  {
    id: 'retries-timeouts',
    title: 'Retries: time limits of requests',
    body: `A query may run for 30 seconds on shared compute and for 300 on dedicated compute. A request that runs longer is stopped, its transaction is rolled back and the status is 504. A bulk import is not subject to this limit: it is created with one request and then runs on its own, and its state is read from the imports endpoint. Set the timeout of your HTTP client a little above the limit of your project, otherwise the client drops the connection while the server is still working.`,
  },
  {
    id: 'backups-schedule',
    title: 'Backups: automatic backups',
    body: `Tallowdock takes a full backup of every project once a day, in the hour that you choose under Settings, Backups. Backups are encrypted and stored in a second zone of the same region. Starter keeps them for 3 days, Team for 14 and Scale for 35. The list shows when each backup was taken, its size and whether its check passed: each one is opened and read on a spare machine before it is marked as good. Yesterday's backup is at the top. Taking a backup does not slow down queries.`,
  },
  {
    id: 'backups-point-in-time',
    title: 'Backups: point-in-time recovery',
    body: `Team and Scale projects record every change, so that the state at any second within the retention window can be rebuilt. Choose Recover, pick a moment shortly before the mistake, and select a whole project or single tables. The data is placed in a new project beside the present one and nothing is overwritten; copy over what is missing, or point your application to the new project. Recovering 100 GB takes about 25 minutes. On Starter the choice is limited to the daily snapshots.`,
  },
  {
    id: 'backups-export',
    title: 'Backups: exporting data',
    body: `An export writes tables as CSV, JSON Lines or Parquet into a bucket of yours or to a download link that works for 24 hours. Start one under Data, Export, or with the command tallow export. An export reads from one consistent snapshot and leaves out rows that were deleted before it began. Large tables are split into files of 512 MB. Exports count toward the gigabytes transferred in the month. Someone with the Reader role can start an export only of the tables that the role may see.`,
  },
  {
    id: 'tables-delete',
    title: 'Tables: deleting a table',
    body: `To delete a table, open it, choose Delete table and type its name. Someone with the Editor role can do this; Readers cannot. A table that is watched by a webhook or used by a view cannot be deleted until the webhook or the view is gone. Deleting frees the storage at the end of the day, so a table deleted yesterday no longer counts toward today's rows. To get an empty table rather than none, choose Truncate, which keeps the columns, the indexes and the rights and deletes the rows.`,
  },
  {
    id: 'tables-retention',
    title: 'Tables: expiry rules for rows',
    body: `A table may carry an expiry rule that deletes rows once a date column is older than a number of days. The rule runs every hour and deletes at most a million rows each time, so that a new rule on a large table may take a while. Expired rows are sent to webhooks as delete events unless the rule says otherwise. Rules are often used for logs, sessions and personal data that must not be kept. The page Data, Expiry lists each rule with the number of rows that it deleted yesterday.`,
  },
  {
    id: 'sso-setup',
    title: 'Sign-in: single sign-on with SAML',
    body: `Single sign-on is part of the Scale plan. In your identity provider create an application with the sign-on address and the entity id from Settings, Sign-in. Upload the provider's metadata file, choose the attribute that holds the email address and send a test login. People log in with the button Continue with SSO or from the provider's own page. We support Okta, Entra ID, Google Workspace, Keycloak and any other provider that speaks SAML 2.0. OpenID Connect is in preview.`,
  },
  {
    id: 'sso-enforce',
    title: 'Sign-in: requiring single sign-on',
    body: `Once at least one owner has logged in with single sign-on, an owner can require it for everyone. Passwords then stop working, people who are logged in with one are logged out, and personal access tokens made before are revoked. Service tokens go on. New people can be admitted on their first login with a default role. If the certificate of your identity provider expires, logins fail until a new one has been uploaded, so owners get an email thirty, seven and one day before that date.`,
  },
  {
    id: 'sso-recovery',
    title: 'Sign-in: emergency access',
    body: `When single sign-on is made mandatory, each owner is shown eight recovery codes, once. On the sign-in page choose Other ways to enter, type the email address of an owner and one of the codes. This opens a session of one hour without going through SAML, long enough to upload a new certificate or to lift the requirement. Each code works a single time and every use is written to the audit log. If no owner has a code left, support can help after a check of the company's papers, which takes two to three working days.`,
  },
  {
    id: 'scim',
    title: 'Sign-in: provisioning people with SCIM',
    body: `With SCIM your identity provider creates, changes and removes people in Tallowdock. Create a SCIM token under Settings, Sign-in, Provisioning and enter it in the provider together with the base address. Groups in the provider are mapped to roles on the same page. Someone who is removed in the provider loses access within a minute: sessions end and personal access tokens are revoked. Rows that they wrote stay. If the provider is broken or sends an empty list by mistake, removals above ten percent of all people are held until an owner approves them.`,
  },
  {
    id: 'roles',
    title: 'Access: roles',
    body: `There are five roles. A Reader sees data in the tables granted to the role. An Editor also changes rows and tables. A Developer also manages API keys, webhooks and branches. Billing sees invoices and pays them, and no data. An Owner may do everything. Roles are given for a whole organisation or for one project; if both apply, the wider one counts. Custom roles, with rights for single tables and columns, are part of the Scale plan and are written as a small YAML file.`,
  },
  {
    id: 'api-keys',
    title: 'Access: rotating API keys',
    body: `An API key belongs to one project and carries rights for reading, writing or both. To rotate a key without an interruption, create a second one, deploy it, wait until the page shows no use of the first for an hour, then revoke the first. A revoked key stops working within thirty seconds everywhere. Keys are shown once, at creation; we store a hash only, so we cannot send you a lost one. Keys that have not been used for ninety days are marked, and can be made to expire on their own.`,
  },
  {
    id: 'audit-log',
    title: 'Access: audit log',
    body: `The audit log records who did what and when: logins, changes of roles, created and revoked keys, deleted tables and projects, exports, changed settings. It does not record single reads of rows. Open Settings, Audit log and filter by person, action or day, for example to see who deleted a table yesterday. Entries are kept for one year on Scale and 30 days on Team, and cannot be changed or deleted by anybody. Entries can be streamed to your own log system as JSON Lines.`,
  },
  {
    id: 'cli-install',
    title: 'Command line: installing the tool',
    body: `The tool tallow is one file with no dependencies for Linux, macOS and Windows. Install it with your package manager or download it from the releases page and put it on your path. Run tallow version to see that it works, and tallow upgrade to get the newest release. How to run each command is shown by tallow help followed by its name. The tool checks for a new release once a day; set TALLOW_NO_UPDATE_CHECK=1 to stop this, for example on a build machine without access to the internet.`,
  },
  {
    id: 'cli-login',
    title: 'Command line: logging in',
    body: `Run tallow login. The tool opens a browser, where you confirm the code shown in the terminal, and stores a personal token in the keychain of the system. The token lasts for 30 days and has the same rights as you. Without a keychain the token is written to a file that only your user can read. If the browser is on another machine, run tallow login --no-browser and open the printed link there. Run tallow logout to remove the token and tallow whoami to see which organisation you are in.`,
  },
  {
    id: 'cli-service-tokens',
    title: 'Command line: service tokens',
    body: `Automation should not borrow a person's account. Create a service token under Settings, Tokens, choose a role and the projects it may touch, and put it into the environment variable TALLOW_TOKEN. Every command then uses it and nothing is asked interactively. This is the way for pipelines, cron and containers. A service token does not expire unless you give it a date, is not affected by single sign-on, and appears under its own name in the audit log. Store it as a masked secret of your build system.`,
  },
  {
    id: 'cli-branches',
    title: 'Command line: branches for testing',
    body: `A branch is a copy of a project that shares the stored data with it and costs only for what differs. Create one with tallow branch create, run a job or a migration against it, and delete it afterwards. Branches are ready in seconds whatever the size of the project. They have their own API keys and do not send webhooks unless you switch them on. A branch that has had no request for seven days is put to sleep and wakes with the next one, which then takes about a second.`,
  },
  {
    id: 'migrate-postgres',
    title: 'Migration: moving from Postgres',
    body: `The importer reads a Postgres database and keeps following its changes until you switch over. Create a replication user, run tallow import postgres with the connection string and watch the lag. When it is below a second, stop writes in the old database, wait until the lag is zero, run tallow import finish and point your application to the new address. The interruption is usually below a minute. Tables, indexes, sequences and views are taken over; stored procedures, extensions and rights are listed in a report for you to move by hand.`,
  },
  {
    id: 'migrate-api-versions',
    title: 'Migration: versions of the API',
    body: `The API is versioned by date. A project uses the version that was current when it was created; a request may ask for another with the header Tallowdock-Version. A version is supported for at least 24 months after its successor. Changes that need a new version are a removed field, a changed type or a changed default. New fields and new error codes may appear at any time, so your code should ignore what it does not know. The dashboard shows which keys still send requests with a version that ends within six months.`,
  },
  {
    id: 'import-files',
    title: 'Migration: importing files',
    body: `CSV, JSON Lines and Parquet files of up to 50 GB can be imported from a bucket or from your machine. Columns are matched by name and types are guessed from the first thousand rows; correct them on the preview page before you start. Rows that do not fit are written to a reject file together with the reason, and the import goes on unless more than one percent is rejected. An import of the same file twice creates the rows twice, unless you choose a column as key and the mode Upsert.`,
  },
  {
    id: 'regions-list',
    title: 'Regions: where projects run',
    body: `Projects run in one of nine regions: Virginia, Oregon, Montreal, São Paulo, Dublin, Frankfurt, Mumbai, Singapore and Sydney. Choose the one nearest to the servers of your application, since each query makes the trip; customers far away can be served by read replicas in up to three more regions. Replicas are behind by less than a second as a rule. Prices differ between regions and are shown when you create a project. The region of a project is part of its address.`,
  },
  {
    id: 'regions-move',
    title: 'Regions: moving a project',
    body: `A project can be moved, for example from Virginia to Frankfurt, under Settings, Region. The data is copied while the project stays in use; then writes stop for two to five minutes while the rest is copied and the address is switched. The old copy is kept for seven days and then deleted. API keys and webhooks go on working. The lists of addresses for firewalls are different in each region, so change these before. Customer data in backups made before the move stays where it was until the backups expire.`,
  },
  {
    id: 'regions-residency',
    title: 'Regions: where data is stored and processed',
    body: `Rows, backups, change logs and query logs of a project never leave the region it was created in. For Dublin and Frankfurt this also holds for support: tickets are handled by staff in Ireland and Portugal, and engineers elsewhere see counters and error codes but no content. What is held centrally, in Virginia, is the account itself: names and email addresses of the people who log in, and billing details. A data processing agreement with the standard contractual clauses can be signed under Settings, Legal. Read replicas are created only where you ask for them.`,
  },
  {
    id: 'troubleshoot-errors',
    title: 'Troubleshooting: error codes',
    body: `Every error has a code that does not change. TD-4001: the body is not valid JSON. TD-4010: the key is unknown or revoked. TD-4021: the spending cap is reached. TD-4030: the key has no right to this table. TD-4040: there is no such table or row. TD-4093: the Idempotency-Key was used with another body. TD-4130: the body is larger than 8 MB. TD-4290: too many requests. TD-5040: the query ran out of time. Please quote the request id from the header X-Request-Id when you write to support.`,
  },
  {
    id: 'troubleshoot-slow',
    title: 'Troubleshooting: finding slow queries',
    body: `The page Insights lists queries by the total time they took, with the number of calls, the rows read and the rows returned. A query that reads many rows and returns few usually lacks an index; Insights proposes one and shows what it would cost on writes. Queries that wait for others are marked Blocked, with the one that holds the lock. If everything became slow at the same time, look at the compute graph: above 80 percent, move to the next size, which takes about a minute and drops open connections.`,
  },
  {
    id: 'troubleshoot-connections',
    title: 'Troubleshooting: dropped connections',
    body: `Connections that are idle for ten minutes are closed by the load balancer. Let your pool close them after nine, or send a ping. If a connection drops in the middle of a transaction, the transaction is rolled back. "Too many connections" means that all slots are used: 60 on shared compute, 500 on dedicated compute; use the pooled address, which shares slots between clients. If connections are refused from one place only, check that its addresses are on the allow list of the project, and that the clock of the machine is right.`,
  },
]

/**
 * The pages as a retriever would hold them: the heading is the first line of the text, as splitters for documentation
 * leave it.
 *
 * @type {readonly Passage[]}
 */
export const passages = pages.map(({ id, title, body }) => ({ id, title, text: `${title}\n${body}` }))

/**
 * Questions as people ask them. In about half of them the shared words point to a passage that does not answer; the last
 * one, an error code, is what word overlap is best at.
 *
 * @type {readonly Question[]}
 */
export const questions = [
  { question: 'What happens if my credit card expires?', answerId: 'billing-failed-payment' },
  { question: 'The same event arrived twice, what should I do?', answerId: 'webhooks-ordering' },
  { question: 'How do I get back a table that someone deleted yesterday?', answerId: 'backups-point-in-time' },
  { question: 'What happens to webhook events while my server is down?', answerId: 'webhooks-redelivery' },
  { question: 'Can we serve users in Asia from a nearby location?', answerId: 'regions-list' },
  { question: 'How do I stop our monthly bill from growing without limit?', answerId: 'billing-overage' },
  { question: 'How can I check that a webhook really comes from Tallowdock?', answerId: 'webhooks-signature' },
  { question: 'Our identity provider is broken and nobody can log in. What now?', answerId: 'sso-recovery' },
  { question: 'Why do I get 429 errors although we are below the limit of our plan?', answerId: 'rate-limits-burst' },
  { question: 'TD-4130', answerId: 'troubleshoot-errors' },
]
