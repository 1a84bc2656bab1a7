export { App, type AppProps, type KeptSession } from "./App";
export { Notice, type NoticeProps } from "./Notice";
export type { RecentIssue } from "./recentIssues";
