export { App, type AppProps } from "./App";
export { Notice, type NoticeProps } from "./Notice";
