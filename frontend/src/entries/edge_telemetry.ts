/** This integration has no cards of its own; its bundle offers the dashboard. */
import "../strategy/dashboard.js";
